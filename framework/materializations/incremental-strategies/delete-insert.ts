import { quoteName } from '../../foundation/quote.ts';
import { relationSql } from '../../manifest/relation.ts';
import { attachAll, createLike, type IncrementalStrategy, insertSelect } from '../incremental-strategy.ts';
import { stageSettings } from '../table-clauses.ts';

/**
 * Rows of the keys that the SELECT returns are replaced, by rewriting whole partitions of the clone: those the new rows fall into and
 * those that hold their keys now, so that a key which moved to another partition leaves no twin. No row is deleted by a mutation.
 * Rows of one key within one batch are all kept, as they come: a `unique` test tells.
 */
export const deleteInsert: IncrementalStrategy = {
  name: 'delete_insert',
  check: ({ unique_key }) =>
    unique_key.length > 0
      ? []
      : [
          {
            code: 'CONFIG_CONFLICT',
            key: 'unique_key',
            message: `'delete_insert' replaces rows by 'unique_key', and none is given.`,
            hint: `Give the columns that identify a row, or use the strategy 'append'.`,
          },
        ],
  write: (input, select) => {
    const { stage, config, scratch } = input;
    const delta = scratch('delta');
    const kept = scratch('kept');
    const key = `(${config.unique_key.map((column) => quoteName(column, 'clickhouse')).join(', ')})`;
    const newKeys = `select ${key.slice(1, -1)} from ${relationSql(delta)}`;
    const affected = [
      `select distinct _partition_id as partition_id from ${relationSql(delta)}`,
      `select distinct _partition_id as partition_id from ${relationSql(stage)} where ${key} in (${newKeys})`,
    ].join('\nunion distinct\n');
    const keep = [
      `insert into ${relationSql(kept)} select * from ${relationSql(stage)}`,
      `where _partition_id in (select partition_id from (\n${affected}\n))`,
      `and ${key} not in (${newKeys})`,
    ].join('\n');

    return {
      steps: [
        createLike(input, delta, 'create a table for the new rows'),
        insertSelect(input, delta, select, 'collect the new rows'),
        createLike(input, kept, 'create a table for the rows that stay'),
        { kind: 'statement', purpose: 'keep the rows whose keys did not come', sql: keep, settings: keepSettings },
        {
          kind: 'drop_partitions',
          purpose: 'drop the partitions that are rewritten',
          table: stage,
          query: affected,
          settings: nullsAreEqual,
        },
        attachAll(input, kept, 'put back the rows that stay'),
        attachAll(input, delta, 'put in the new rows'),
      ],
      scratch: [delta, kept],
    };
  },
};

/** A key may be NULL; a NULL then equals a NULL. */
const nullsAreEqual = { transform_null_in: 1 } as const;

const keepSettings = { ...stageSettings, ...nullsAreEqual, max_partitions_per_insert_block: 0 };
