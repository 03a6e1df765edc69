import type { IncrementalStrategy as StrategyName } from '../../project/model-config.ts';
import type { IncrementalStrategy } from '../incremental-strategy.ts';
import { append } from './append.ts';
import { deleteInsert } from './delete-insert.ts';
import { insertOverwrite } from './insert-overwrite.ts';
import { interval } from './interval.ts';

/** Every incremental strategy by the name that configs use. */
export const incrementalStrategies: Readonly<Record<StrategyName, IncrementalStrategy>> = {
  append,
  delete_insert: deleteInsert,
  insert_overwrite: insertOverwrite,
  interval,
};
