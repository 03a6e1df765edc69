import { didYouMean } from '../foundation/closest.ts';
import { GccflowError } from '../foundation/error.ts';
import type { Manifest, NodeId } from '../manifest/manifest.ts';
import type { IndirectSelection } from '../project/selectors-file.ts';
import { hasWildcard } from './match-pattern.ts';
import type { Selector, SelectorTerm } from './selector.ts';
import { type MethodContext, type SelectorMethod, selectorMethods } from './selector-methods.ts';
import { reach } from './walk-graph.ts';

export interface Evaluation extends MethodContext {
  readonly indirect: IndirectSelection;
  /** Whether a term may match nothing. */
  readonly allowEmpty: boolean;
}

/** `picked`, and the tests below it that come in as soon as all that they read is picked. */
export interface Picked {
  readonly picked: ReadonlySet<NodeId>;
  readonly waiting: ReadonlySet<NodeId>;
}

/** The nodes a selector picks. Throws SELECTOR_METHOD_UNKNOWN, and SELECTOR_NO_MATCH for a term that matches nothing. */
export function evaluateSelector(selector: Selector, evaluation: Evaluation): Picked {
  switch (selector.kind) {
    case 'term':
      return evaluateTerm(selector, evaluation);
    case 'union':
      return combine(selector.of, evaluation, (sets) => sets.reduce((all, set) => all.union(set), new Set<NodeId>()));
    case 'intersection':
      return evaluateIntersection(selector.text, selector.of, evaluation);
    case 'difference': {
      const without = evaluateSelector(selector.without, { ...evaluation, indirect: 'eager' }).picked;
      return combine([selector.from], evaluation, ([from = new Set<NodeId>()]) => new Set(from).difference(without));
    }
  }
}

function evaluateIntersection(text: string, of: readonly Selector[], evaluation: Evaluation): Picked {
  const both = combine(of, evaluation, ([first, ...rest]) =>
    rest.reduce<ReadonlySet<NodeId>>((all, set) => new Set(all).intersection(set), first ?? new Set()),
  );
  if (both.picked.size === 0 && !evaluation.allowEmpty) {
    const hint = 'Each of its terms matches something, but no node matches all; --allow-empty permits that.';
    throw new GccflowError('SELECTOR_NO_MATCH', `The selection '${text}' matches nothing.`, { hint });
  }
  return both;
}

/** Applies a set operation, then takes in the tests whose last missing parent another part picked. */
function combine(
  parts: readonly Selector[],
  evaluation: Evaluation,
  operation: (sets: readonly ReadonlySet<NodeId>[]) => ReadonlySet<NodeId>,
): Picked {
  const sets = parts.map((part) => evaluateSelector(part, evaluation));
  const direct = operation(sets.map(({ picked }) => picked));
  const waiting = operation(sets.map((set) => new Set(set.picked).union(set.waiting)));
  const { manifest, indirect } = evaluation;
  const picked = new Set(direct).union(testsOf(new Set(waiting).difference(direct), direct, manifest, indirect));
  return { picked, waiting };
}

function evaluateTerm(term: SelectorTerm, evaluation: Evaluation): Picked {
  const { manifest } = evaluation;
  const indirect = term.indirect ?? evaluation.indirect;
  const matched = matchTerm(term, evaluation);
  const picked = new Set(matched)
    .union(reach(manifest.parents, matched, term.parents))
    .union(reach(manifest.children, matched, term.children));
  const selected = term.childrensParents ? picked.union(family(matched, manifest)) : picked;
  if (indirect === 'empty') return { picked: selected, waiting: new Set() };

  const tests = reach(manifest.children, selected, 1).difference(selected);
  const included = indirect === 'eager' ? onlyTests(tests, manifest) : testsOf(tests, selected, manifest, indirect);
  const waiting = onlyTests(tests, manifest).difference(included);
  return { picked: selected.union(included), waiting };
}

/** `@`: the nodes, all that is built from them, and all that any of those is built from. */
function family(nodes: ReadonlySet<NodeId>, { parents, children }: Manifest): Set<NodeId> {
  const down = reach(children, nodes, Number.POSITIVE_INFINITY).union(nodes);
  return down.union(reach(parents, down, Number.POSITIVE_INFINITY));
}

/** The tests among `candidates` that read only what is selected; with `buildable`, or what the selected is built from. */
function testsOf(
  candidates: Iterable<NodeId>,
  selected: ReadonlySet<NodeId>,
  manifest: Manifest,
  indirect: IndirectSelection,
): Set<NodeId> {
  if (indirect === 'eager' || indirect === 'empty') return new Set();
  const tests = onlyTests(candidates, manifest);
  if (tests.size === 0) return tests;
  const readable = indirect === 'buildable' ? selected.union(reach(manifest.parents, selected, Number.POSITIVE_INFINITY)) : selected;
  const isReadable = (parent: NodeId): boolean => readable.has(parent) || (indirect === 'buildable' && parent.startsWith('source.'));
  return new Set([...tests].filter((test) => (manifest.parents.get(test) ?? []).every(isReadable)));
}

function onlyTests(ids: Iterable<NodeId>, { nodes }: Manifest): Set<NodeId> {
  return new Set([...ids].filter((id) => ['test', 'unit_test'].includes(nodes.get(id)?.kind ?? '')));
}

function matchTerm(term: SelectorTerm, evaluation: Evaluation): Set<NodeId> {
  const method = selectorMethods.get(term.method);
  if (!method) throw unknownMethod(term);
  const matches = method.match(term.value, term.path, evaluation);
  const matched = new Set<NodeId>();
  for (const node of evaluation.manifest.nodes.values()) {
    if (matches(node)) matched.add(node.id);
  }
  if (matched.size === 0 && !evaluation.allowEmpty) throw noMatch(term, method, evaluation);
  return matched;
}

function unknownMethod({ text, method }: SelectorTerm): GccflowError {
  const names = [...selectorMethods.keys()];
  const hint = didYouMean(method, names) ?? `Methods are ${names.join(', ')}.`;
  return new GccflowError('SELECTOR_METHOD_UNKNOWN', `The selector '${text}' uses the method '${method}', which does not exist.`, { hint });
}

function noMatch({ text, method: name, value, path }: SelectorTerm, method: SelectorMethod, evaluation: Evaluation): GccflowError {
  const nodes = [...evaluation.manifest.nodes.values()];
  const values = new Set(nodes.flatMap((node) => method.values(node, path, evaluation)));
  values.delete('');
  const anywhere = `*.${value}`;
  const hint =
    name === 'fqn' && hasWildcard(value) && nodes.some(method.match(anywhere, path, evaluation))
      ? `A pattern is held against the whole dotted path of a node: did you mean '${anywhere}'?`
      : (method.hint?.(value) ?? didYouMean(value, values) ?? listed(values));
  return new GccflowError('SELECTOR_NO_MATCH', `The selector '${text}' matches nothing.`, { hint });
}

function listed(values: ReadonlySet<string>): string {
  if (values.size === 0 || values.size > 12) return '`gccflow ls` prints what there is; --allow-empty permits a selection of nothing.';
  return `There are: ${[...values].toSorted().join(', ')}.`;
}
