import { GccflowError } from '../foundation/error.ts';
import type { Manifest, Node, NodeId } from '../manifest/manifest.ts';
import type { IndirectSelection, NamedSelector } from '../project/selectors-file.ts';
import type { StateComparison } from './compare-state.ts';
import { type Evaluation, evaluateSelector } from './evaluate-selector.ts';
import { parseSelector } from './parse-selector.ts';
import { resolveSelector } from './resolve-selectors.ts';
import type { Selector } from './selector.ts';
import type { SourceComparison } from './state-methods.ts';

export interface SelectionRequest {
  /** `--select`: terms in dbt's grammar. Everything where absent or empty. */
  readonly select?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  /** `--selector`: the name of one of `selectors`; instead of `select`. */
  readonly selector?: string | undefined;
  /** The named selections of the project; the one marked as default is used where the request names none. */
  readonly selectors?: readonly NamedSelector[] | undefined;
  /** Which tests come with the nodes they test; eager where absent. */
  readonly indirect?: IndirectSelection | undefined;
  /** Only nodes of these kinds are kept; all where absent or empty. */
  readonly resourceTypes?: readonly Node['kind'][] | undefined;
  readonly excludeResourceTypes?: readonly Node['kind'][] | undefined;
  /** Permits terms and selections that match nothing. */
  readonly allowEmpty?: boolean | undefined;
  /** Status of each node in the last run, for `result:`. */
  readonly results?: ReadonlyMap<NodeId, string> | undefined;
  /** The graph against an earlier one, for `state:`. */
  readonly state?: StateComparison | undefined;
  /** What the last checks of freshness found, for `source_status:`. */
  readonly sources?: SourceComparison | undefined;
}

export interface Selection {
  /** In the manifest's order. */
  readonly nodes: ReadonlySet<NodeId>;
  /** True where no one asked for a part: neither by terms nor by a named selector. */
  readonly everything: boolean;
}

/**
 * The nodes a command works on. Terms that contradict the grammar or match nothing are errors that name the term: SELECTOR_SYNTAX,
 * SELECTOR_METHOD_UNKNOWN, SELECTOR_NOT_FOUND, SELECTOR_NO_MATCH; USAGE for `state:` without an earlier state; and ARTIFACT_MISSING for
 * `result:` and `source_status:` without what they look at.
 */
export function selectNodes(manifest: Manifest, request: SelectionRequest = {}): Selection {
  const selectors = request.selectors ?? [];
  const evaluation: Evaluation = {
    manifest,
    indirect: request.indirect ?? 'eager',
    allowEmpty: request.allowEmpty ?? false,
    results: () => request.results ?? noResults(),
    state: () => request.state ?? noState(),
    sources: () => request.sources ?? noSources(),
    named: (name) => evaluateSelector(resolveSelector(name, selectors), evaluation).picked,
  };
  const selector = requestedSelector(request, selectors);
  const picked = selector ? evaluateSelector(selector, evaluation).picked : new Set(manifest.nodes.keys());
  const nodes = new Set([...manifest.nodes.values()].filter((node) => picked.has(node.id) && isWanted(node, request)).map(({ id }) => id));
  if (selector && nodes.size === 0 && !evaluation.allowEmpty) throw nothingLeft(picked, request);
  return { nodes, everything: selector === null };
}

function requestedSelector(request: SelectionRequest, selectors: readonly NamedSelector[]): Selector | null {
  const select = request.select ?? [];
  const exclude = parseSelector(request.exclude ?? []);
  if (request.selector !== undefined && select.length > 0) {
    const hint = `Write --select 'selector:${request.selector}' to combine it with other terms.`;
    throw new GccflowError('USAGE', `--selector and --select exclude each other.`, { hint });
  }
  const included = includedSelector(request.selector, select, selectors, exclude.of.length > 0);
  if (exclude.of.length === 0) return included;
  return { kind: 'difference', from: included ?? everything, without: exclude };
}

function includedSelector(
  name: string | undefined,
  select: readonly string[],
  selectors: readonly NamedSelector[],
  hasExclude: boolean,
): Selector | null {
  if (name !== undefined) return resolveSelector(name, selectors);
  if (select.length > 0) return requireTerms(parseSelector(select), select);
  const byDefault = hasExclude ? undefined : selectors.find((selector) => selector.default);
  return byDefault ? resolveSelector(byDefault.name, selectors) : null;
}

function requireTerms(selector: Selector & { readonly kind: 'union' }, select: readonly string[]): Selector {
  if (selector.of.length > 0) return selector;
  throw new GccflowError('SELECTOR_SYNTAX', `The selection '${select.join(' ')}' is blank.`, {
    hint: 'Leave --select away for everything.',
  });
}

const everything: Selector = parseSelector(['package:this']);

function isWanted({ kind }: Node, { resourceTypes = [], excludeResourceTypes = [] }: SelectionRequest): boolean {
  return (resourceTypes.length === 0 || resourceTypes.includes(kind)) && !excludeResourceTypes.includes(kind);
}

function nothingLeft(picked: ReadonlySet<NodeId>, { select, selector, resourceTypes = [], exclude }: SelectionRequest): GccflowError {
  const wording = select?.join(' ') ?? selector ?? `everything but ${exclude?.join(' ')}`;
  const kinds = [...new Set([...picked].map((id) => id.slice(0, id.indexOf('.'))))];
  if (kinds.length === 0) {
    const hint = 'What it matches is excluded again; --allow-empty permits that.';
    return new GccflowError('SELECTOR_NO_MATCH', `The selection '${wording}' leaves nothing.`, { hint });
  }
  const hint = `It picks nodes of type ${kinds.join(', ')}, and this command works on ${resourceTypes.join(', ') || 'others'}.`;
  return new GccflowError('SELECTOR_NO_MATCH', `The selection '${wording}' holds nothing for this command.`, { hint });
}

function noResults(): never {
  const hint = 'Run or build first: it leaves target/run_results.json.';
  throw new GccflowError('ARTIFACT_MISSING', `A 'result:' selector needs the results of an earlier run, and there are none.`, { hint });
}

function noState(): never {
  const hint = 'Name the folder of an earlier manifest.json: --state prod-artifacts, or --state s3://bucket/prefix.';
  throw new GccflowError('USAGE', `A 'state:' selector needs an earlier state to compare with, and --state names none.`, {
    hint,
  });
}

function noSources(): never {
  const hint = 'Run `gccflow freshness` first: it leaves target/sources.json.';
  throw new GccflowError('ARTIFACT_MISSING', `A 'source_status:' selector needs a check of freshness, and there was none.`, { hint });
}
