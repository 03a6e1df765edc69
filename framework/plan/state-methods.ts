import { didYouMean } from '../foundation/closest.ts';
import { GccflowError } from '../foundation/error.ts';
import type { Node, NodeId } from '../manifest/manifest.ts';
import type { StateComparison } from './compare-state.ts';
import { type FactName, factNames } from './node-facts.ts';
import type { SelectorMethod } from './selector-methods.ts';

/** What two checks of freshness found: the last one, and the one to hold it against. */
export interface SourceComparison {
  readonly current: ReadonlyMap<NodeId, SourceAge>;
  readonly previous: ReadonlyMap<NodeId, SourceAge>;
}

export interface SourceAge {
  /** pass, warn, error, runtime error. */
  readonly status: string;
  /** null where it could not be read. */
  readonly maxLoadedAt: Date | null;
}

type StateTest = (node: Node, comparison: StateComparison) => boolean;

/** `modified.configs` is dbt's name, `modified.config` ours. */
const ownChanges: readonly (readonly [string, FactName])[] = [...factNames.map((name) => [name, name] as const), ['config', 'configs']];

const stateTests: Readonly<Record<string, StateTest>> = {
  new: (node, comparison) => comparison.isNew(node),
  old: (node, comparison) => !comparison.isNew(node),
  modified: (node, comparison) => comparison.isModified(node),
  unmodified: (node, comparison) => !comparison.isModified(node),
  removed: () => false,
  ...Object.fromEntries(
    ownChanges.map(([name, fact]): [string, StateTest] => [
      `modified.${name}`,
      (node, comparison) => comparison.changesOf(node).includes(fact),
    ]),
  ),
  'modified.upstream': (node, comparison) => comparison.hasModifiedAncestor(node),
};

/** `state:modified`, `state:modified.body`, `state:new` …: nodes by what they are against the manifest that --state names. */
export const state: SelectorMethod = {
  match(value, _path, context) {
    const test = known('state', value, stateTests);
    const comparison = context.state();
    return (node) => test(node, comparison);
  },
  values: () => [],
  hint(value) {
    if (value === 'removed') return 'What is removed cannot be run: `gccflow ls --select state:removed --state …` lists it.';
    return 'No node is so against the manifest that --state names; --allow-empty permits that.';
  },
};

type SourceTest = (current: SourceAge, previous: SourceAge | undefined) => boolean;

const sourceTests: Readonly<Record<string, SourceTest>> = {
  fresher: ({ maxLoadedAt }, previous) => maxLoadedAt !== null && (!previous?.maxLoadedAt || maxLoadedAt > previous.maxLoadedAt),
  changed: ({ maxLoadedAt }, previous) => maxLoadedAt !== null && maxLoadedAt.getTime() !== previous?.maxLoadedAt?.getTime(),
  stale: ({ status }) => status === 'warn' || status === 'error',
  error: ({ status }) => status === 'error' || status === 'runtime error',
};

/** `source_status:fresher` …: sources by what the last `gccflow freshness` found, against an earlier one. */
export const sourceStatus: SelectorMethod = {
  match(value, _path, context) {
    const test = known('source_status', value, sourceTests);
    const { current, previous } = context.sources();
    return ({ id }) => {
      const age = current.get(id);
      return age !== undefined && test(age, previous.get(id));
    };
  },
  values: () => [],
  hint: () => 'No source was found so by the last `gccflow freshness`; --allow-empty permits that.',
};

/** Throws SELECTOR_METHOD_UNKNOWN with the nearest name. */
function known<Test>(method: string, value: string, tests: Readonly<Record<string, Test>>): Test {
  const test = Object.hasOwn(tests, value) ? tests[value] : undefined;
  if (test !== undefined) return test;
  const names = Object.keys(tests);
  const hint = didYouMean(value, names) ?? `There are: ${names.map((name) => `${method}:${name}`).join(', ')}.`;
  throw new GccflowError(
    'SELECTOR_METHOD_UNKNOWN',
    `The selector '${method}:${value}' asks for '${value}', which '${method}:' does not know.`,
    {
      hint,
    },
  );
}
