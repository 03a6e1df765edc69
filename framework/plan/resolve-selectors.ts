import { didYouMean } from '../foundation/closest.ts';
import { GccflowError } from '../foundation/error.ts';
import type { MethodDefinition, NamedSelector, SelectorDefinition } from '../project/selectors-file.ts';
import { parseTerm } from './parse-selector.ts';
import type { Selector, SelectorTerm } from './selector.ts';

/** The selection called `name` in selectors.yaml, with every selection it builds on. Throws SELECTOR_NOT_FOUND and SELECTOR_SYNTAX. */
export function resolveSelector(name: string, selectors: readonly NamedSelector[], within: readonly string[] = []): Selector {
  const found = selectors.find((selector) => selector.name === name);
  if (!found) {
    const names = selectors.map((selector) => selector.name);
    const hint = didYouMean(name, names) ?? (names.length > 0 ? `There are: ${names.join(', ')}.` : 'selectors.yaml defines none.');
    throw new GccflowError('SELECTOR_NOT_FOUND', `No selector is called '${name}'.`, { hint });
  }
  if (within.includes(name)) {
    throw new GccflowError('SELECTOR_SYNTAX', `The selector '${name}' builds on itself: ${[...within, name].join(' → ')}.`);
  }
  const resolve = (definition: SelectorDefinition): Selector => resolveDefinition(definition, { name, resolve, inherit });
  const inherit = (other: string): Selector => resolveSelector(other, selectors, [...within, name]);
  return resolve(found.definition);
}

interface Resolution {
  /** The named selector whose definition it is. */
  readonly name: string;
  readonly resolve: (definition: SelectorDefinition) => Selector;
  readonly inherit: (name: string) => Selector;
}

function resolveDefinition(definition: SelectorDefinition, resolution: Resolution): Selector {
  if (typeof definition === 'string') return checked(parseTerm(definition), resolution);
  if (isUnion(definition)) return combine(definition.union, resolution, (of) => ({ kind: 'union', of }));
  if (isIntersection(definition)) {
    const text = `the intersection in '${resolution.name}'`;
    return combine(definition.intersection, resolution, (of) => ({ kind: 'intersection', text, of }));
  }
  if (isMethod(definition)) return resolveMethod(definition, resolution);
  const [entry, ...more] = Object.entries(definition);
  if (entry === undefined || more.length > 0 || typeof entry[1] === 'object') throw malformed(resolution.name);
  return resolveMethod({ method: entry[0], value: entry[1] }, resolution);
}

/** The parts that are no `exclude`, combined, without those of the one `exclude` among them. */
function combine(
  parts: readonly SelectorDefinition[],
  { name, resolve }: Resolution,
  join: (of: readonly Selector[]) => Selector,
): Selector {
  const [excluded, ...furtherExcludes] = parts.filter(isExclude);
  const included = join(parts.filter((part) => !isExclude(part)).map(resolve));
  if (furtherExcludes.length > 0) {
    const hint = 'Put all of them into one `exclude` list.';
    throw new GccflowError('SELECTOR_SYNTAX', `The selector '${name}' has two 'exclude' in one list.`, { hint });
  }
  return excluded ? { kind: 'difference', from: included, without: unionOf(excluded.exclude, resolve) } : included;
}

function resolveMethod(definition: MethodDefinition, { resolve, inherit }: Resolution): Selector {
  const value = String(definition.value);
  const base =
    definition.method === 'selector' && !hasOperators(definition) ? inherit(value) : checked(toTerm(definition, value), { inherit });
  return definition.exclude ? { kind: 'difference', from: base, without: unionOf(definition.exclude, resolve) } : base;
}

/** The term; throws where it leads back to the selector it stands in, which evaluating it would never leave. */
function checked(term: SelectorTerm, { inherit }: Pick<Resolution, 'inherit'>): SelectorTerm {
  if (term.method === 'selector') inherit(term.value);
  return term;
}

function unionOf(definitions: readonly SelectorDefinition[], resolve: (definition: SelectorDefinition) => Selector): Selector {
  return { kind: 'union', of: definitions.map(resolve) };
}

function toTerm(definition: MethodDefinition, value: string): SelectorTerm {
  const [method = '', ...path] = definition.method.split('.');
  return {
    kind: 'term',
    text: `${definition.method}:${value}`,
    method,
    path,
    value,
    parents: definition.parents ? (definition.parents_depth ?? Number.POSITIVE_INFINITY) : 0,
    children: definition.children ? (definition.children_depth ?? Number.POSITIVE_INFINITY) : 0,
    childrensParents: definition.childrens_parents ?? false,
    indirect: definition.indirect_selection ?? null,
  };
}

function hasOperators({ parents, children, childrens_parents }: MethodDefinition): boolean {
  return (parents || children || childrens_parents) ?? false;
}

function malformed(name: string): GccflowError {
  const hint = 'A part is a term, `method` with `value`, `union`, `intersection`, or `exclude` beside others.';
  return new GccflowError('SELECTOR_SYNTAX', `The selector '${name}' has a part that is no selection.`, { hint });
}

function isUnion(definition: SelectorDefinition): definition is { union: readonly SelectorDefinition[] } {
  return typeof definition === 'object' && 'union' in definition;
}

function isIntersection(definition: SelectorDefinition): definition is { intersection: readonly SelectorDefinition[] } {
  return typeof definition === 'object' && 'intersection' in definition;
}

function isMethod(definition: SelectorDefinition): definition is MethodDefinition {
  return typeof definition === 'object' && 'method' in definition;
}

function isExclude(definition: SelectorDefinition): definition is { exclude: readonly SelectorDefinition[] } {
  return typeof definition === 'object' && 'exclude' in definition && !('method' in definition);
}
