import { didYouMean } from '../foundation/closest.ts';
import { GccflowError } from '../foundation/error.ts';
import { startOf } from '../foundation/location.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { parseTerm } from '../plan/parse-selector.ts';
import { resolveSelector } from '../plan/resolve-selectors.ts';
import { selectNodes } from '../plan/select-nodes.ts';
import type { YamlPath } from '../project/parse-yaml.ts';
import type { Project } from '../project/project.ts';
import type { NamedSelector, SelectorDefinition } from '../project/selectors-file.ts';
import type { Finding } from './finding.ts';
import { placesIn } from './yaml-places.ts';

/** A part of a selector that is one method with one value. */
interface Leaf {
  readonly definition: SelectorDefinition;
  readonly method: string;
  readonly value: string;
  /** Of the method and of the value. */
  readonly paths: { readonly method: YamlPath; readonly value: YamlPath };
}

/** Values that no project adds to. */
const kinds: Readonly<Record<string, readonly string[]>> = {
  resource_type: 'source seed model test unit_test sync sink ingest api flow schedule exposure'.split(' '),
  test_type: ['generic', 'singular', 'data', 'unit'],
};
/** What these find depends on earlier runs. */
const isOfRuns = (method: string): boolean => ['state', 'result', 'source_status'].includes(method);

/** What a command would refuse of the selections in selectors.yaml. A value that nothing has, and something may have tomorrow, is a warning. */
export function checkSelectors({ dir, selectors }: Pick<Project, 'dir' | 'selectors'>, manifest: Manifest): readonly Finding[] {
  if (selectors.length === 0) return [];
  const file = 'selectors.yaml';
  const at = placesIn(file, dir, startOf(file));
  const finding = (thrown: unknown, path: YamlPath, severity: Finding['severity'] = 'error'): Finding => {
    if (!(thrown instanceof GccflowError)) throw thrown;
    const { code, message, hint } = thrown;
    return { severity, node: null, error: new GccflowError(code, message, { at: at(path), hint, cause: thrown }) };
  };
  return selectors.flatMap((selector, index) => {
    const path: YamlPath = ['selectors', index];
    const found = [...leavesOf(selector.definition, [...path, 'definition'])].flatMap((leaf) =>
      mistakesOf(leaf, selectors, manifest, finding),
    );
    if (found.length > 0) return found;
    try {
      resolveSelector(selector.name, selectors);
      return [];
    } catch (thrown) {
      return isOfAnother(thrown) ? [] : [finding(thrown, [...path, 'name'])];
    }
  });
}

/** Of a selector that this one takes over, where it is told. */
function isOfAnother(thrown: unknown): boolean {
  return thrown instanceof GccflowError && thrown.code === 'SELECTOR_NOT_FOUND';
}

function mistakesOf(
  { definition, method, value, paths }: Leaf,
  selectors: readonly NamedSelector[],
  manifest: Manifest,
  finding: (thrown: unknown, path: YamlPath, severity?: Finding['severity']) => Finding,
): readonly Finding[] {
  if (isOfRuns(method)) return [];
  if (method === 'selector' && selectors.some(({ name }) => name === value)) return []; // looked at by itself
  try {
    selectNodes(manifest, { selector: '', selectors: [{ name: '', description: '', default: false, definition }, ...selectors] });
    return [];
  } catch (thrown) {
    const { code } = thrown as { readonly code?: unknown };
    if (code !== 'SELECTOR_NO_MATCH') return [finding(thrown, code === 'SELECTOR_METHOD_UNKNOWN' ? paths.method : paths.value)];
    const known = kinds[method];
    if (known?.includes(value) ?? true) return [finding(thrown, paths.value, 'warn')];
    const hint = didYouMean(value, known ?? []) ?? `There are: ${(known ?? []).join(', ')}.`;
    const message = `The selector '${method}:${value}' matches nothing, whatever the project holds.`;
    return [finding(new GccflowError('SELECTOR_NO_MATCH', message, { hint }), paths.value)];
  }
}

function* leavesOf(definition: SelectorDefinition, path: YamlPath): Generator<Leaf> {
  if (typeof definition === 'string') {
    const { method, value } = parseTerm(definition);
    yield { definition, method, value, paths: { method: path, value: path } };
    return;
  }
  for (const [key, value] of Object.entries(definition)) {
    if (Array.isArray(value))
      for (const [index, part] of value.entries()) yield* leavesOf(part as SelectorDefinition, [...path, key, index]);
  }
  if ('method' in definition && typeof definition.method === 'string') {
    const { exclude: _, ...own } = definition as { readonly exclude?: unknown } & typeof definition;
    const [method = ''] = definition.method.split('.');
    const paths = { method: [...path, 'method'], value: [...path, 'value'] };
    yield { definition: own, method, value: String(definition.value), paths };
  } else {
    const [entry, ...more] = Object.entries(definition);
    if (!entry || more.length > 0 || Array.isArray(entry[1])) return;
    const [method, value] = [entry[0].split('.')[0] ?? '', String(entry[1])];
    yield { definition, method, value, paths: { method: [...path, entry[0]], value: [...path, entry[0]] } };
  }
}
