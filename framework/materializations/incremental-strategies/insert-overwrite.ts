import { quoteName } from '../../foundation/quote.ts';
import { relationSql } from '../../manifest/relation.ts';
import { attachAll, createLike, type IncrementalStrategy, insertSelect } from '../incremental-strategy.ts';

/**
 * Whole partitions are replaced: those the new rows fall into, and those with rows in `overwrite_range`, which are emptied where no new
 * row came for them.
 */
export const insertOverwrite: IncrementalStrategy = {
  name: 'insert_overwrite',
  check: ({ partition_by }) =>
    partition_by !== null
      ? []
      : [
          {
            code: 'CONFIG_CONFLICT',
            key: 'partition_by',
            message: `'insert_overwrite' replaces partitions, and without 'partition_by' the whole table is one.`,
            hint: `Give 'partition_by', or materialize the model as a table.`,
          },
        ],
  write: (input, select) => {
    const { stage, config, scratch } = input;
    const delta = scratch('delta');
    const covered = [`select distinct _partition_id as partition_id from ${relationSql(delta)}`];
    if (config.overwrite_range !== null) {
      const { column, from, to } = config.overwrite_range;
      const name = quoteName(column, 'clickhouse');
      const inRange = `${name} >= (${from}) and ${name} < (${to})`;
      covered.push(`select distinct _partition_id as partition_id from ${relationSql(stage)} where ${inRange}`);
    }

    return {
      steps: [
        createLike(input, delta, 'create a table for the new rows'),
        insertSelect(input, delta, select, 'collect the new rows'),
        {
          kind: 'drop_partitions',
          purpose: 'drop the partitions that are replaced',
          table: stage,
          query: covered.join('\nunion distinct\n'),
          settings: {},
        },
        attachAll(input, delta, 'put in the new rows'),
      ],
      scratch: [delta],
    };
  },
};
