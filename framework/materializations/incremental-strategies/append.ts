import { type IncrementalStrategy, insertSelect } from '../incremental-strategy.ts';

/** The new rows are added. On a Replacing engine this is an upsert for readers with FINAL. */
export const append: IncrementalStrategy = {
  name: 'append',
  check: () => [],
  write: (input, select) => ({ steps: [insertSelect(input, input.stage, select, 'add the new rows')], scratch: [] }),
};
