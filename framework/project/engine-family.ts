import { didYouMean } from '../foundation/closest.ts';

const mergeTrees: readonly string[] = [
  'MergeTree',
  'ReplacingMergeTree',
  'SummingMergeTree',
  'AggregatingMergeTree',
  'CollapsingMergeTree',
  'VersionedCollapsingMergeTree',
  'CoalescingMergeTree',
  'GraphiteMergeTree',
];

/** Whether an engine keeps parts: what sorting keys, partitions and CLONE need. */
export function isMergeTree(engine: string): boolean {
  return /^\s*\w*MergeTree\b/i.test(engine);
}

/** Whether rows of an equal sorting key stand for one row, so that adding a row replaces the earlier one for readers with FINAL. */
export function foldsRows(engine: string): boolean {
  return /^\s*(Shared|Replicated)?(Replacing|Collapsing|VersionedCollapsing|Coalescing)MergeTree\b/i.test(engine);
}

/** `Did you mean 'x'?` for an engine of another name, where one of the family is near. */
export function didYouMeanMergeTree(engine: string): string | undefined {
  return didYouMean(/^\s*(\w*)/.exec(engine)?.[1] ?? '', mergeTrees);
}
