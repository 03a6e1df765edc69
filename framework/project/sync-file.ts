import { z } from 'zod';
import { DurationValue } from './duration-value.ts';

/** One text or a list of texts; a list once read. */
const Names = z.union([z.string().transform((text) => [text]), z.array(z.string())]);

const ColumnDetails = z.strictObject({
  name: z.string().min(1).describe('Name of the column in PostgreSQL.'),
  from: z.string().nullable().default(null).describe("Column of the relation; the column's own name where null."),
  type: z.string().nullable().default(null).describe('PostgreSQL type, e.g. `numeric(12,2)`; mapped from the ClickHouse type where null.'),
  fill: z
    .string()
    .nullable()
    .default(null)
    .describe(
      'PostgreSQL expression that gives the column its value on loading, e.g. `now()`; the relation is not read for it. Needs `type`.',
    ),
  default: z.string().nullable().default(null).describe('PostgreSQL expression, the default of rows that others insert later.'),
  not_null: z.boolean().nullable().default(null).describe('NOT NULL; where null, as the ClickHouse type says.'),
  description: z.string().default('').describe('Comment of the column in PostgreSQL.'),
});

/** A column of the published table. Its name alone stands for a column of the same name and the mapped type. */
export const SyncColumn = z.union([z.string().transform((name) => ColumnDetails.parse({ name })), ColumnDetails]);
export type SyncColumn = z.infer<typeof ColumnDetails>;

export const SyncIndex = z.strictObject({
  name: z.string().nullable().default(null).describe('`{table}_{columns}_idx` where null.'),
  columns: Names.default([]).describe('Columns, in order.'),
  expressions: Names.default([]).describe('SQL expressions indexed after the columns, e.g. `lower(name)` or `month desc`.'),
  include: Names.default([]).describe('Columns carried for index-only scans.'),
  unique: z.boolean().default(false),
  method: z.string().default('btree').describe('btree, hash, gin, gist, brin …'),
  where: z.string().nullable().default(null).describe('Condition of a partial index.'),
});
export type SyncIndex = z.infer<typeof SyncIndex>;

export const SyncConstraint = z.strictObject({
  name: z.string().min(1),
  definition: z.string().describe('As after ADD CONSTRAINT, e.g. `check (rank > 0)` or `foreign key (id) references account (id)`.'),
});
export type SyncConstraint = z.infer<typeof SyncConstraint>;

const SyncTable = z.strictObject({
  schema: z.string().min(1).default('public'),
  table: z.string().min(1),
});

/** A relation published as a PostgreSQL table: exported to the object store, loaded beside the live table, swapped in. */
export const SyncFile = z.strictObject({
  kind: z.literal('sync'),
  name: z.string().min(1).describe('Node name, unique in the project.'),
  description: z.string().default('').describe('Comment of the table in PostgreSQL.'),
  enabled: z.boolean().default(true),
  tags: Names.default([]),
  meta: z.record(z.string(), z.unknown()).default({}),
  from: z.string().min(1).describe('The relation that is exported: a model, a seed, or `source.table`.'),
  to: z
    .union([z.string().transform((table) => SyncTable.parse({ table })), SyncTable])
    .describe('The PostgreSQL table: its name, or `{ schema, table }`.'),
  columns: z.array(SyncColumn).default([]).describe('Columns of the table, in order; all of the relation where empty.'),
  primary_key: Names.default([]).describe('Columns of the primary key.'),
  indexes: z.array(SyncIndex).default([]).describe('Indexes beside those that the live table already has.'),
  constraints: z.array(SyncConstraint).default([]),
  grants: z
    .record(z.string(), Names)
    .default({})
    .describe('Privilege to the roles that get it, e.g. `{ select: [analyst] }`; those of the live table stay.'),
  mode: z
    .enum(['replace', 'upsert'])
    .default('replace')
    .describe('replace swaps a whole new table in; upsert adds and changes rows by `key`.'),
  key: Names.default([]).describe('upsert: columns that identify a row; `primary_key` where empty.'),
  watermark: z
    .string()
    .nullable()
    .default(null)
    .describe('upsert: column of the relation that only grows; rows below the highest published value are not read again.'),
  lookback: DurationValue.nullable()
    .default(null)
    .describe('upsert: how far below the highest published watermark rows are read again, for a watermark that is a time.'),
  format: z
    .enum(['copy', 'jsonl'])
    .default('copy')
    .describe('Layout of the exported objects: bytes that COPY takes as they are, or one JSON object a line for others to read.'),
  keep_backup: z.boolean().default(true).describe('Keep the previous table as `{table}_old_bkp` for `gccflow rollback`.'),
  keep_exports: z
    .int()
    .nonnegative()
    .default(1)
    .describe('Exports kept in the object store, the last one included; 0 removes each after it is loaded.'),
  min_rows: z.int().nonnegative().default(0).describe('Fewer rows than this are not published.'),
  max_shrink: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe('Share of the live rows that a new table may lack, 0 to 1; 1 publishes even an empty table.'),
  checks: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        sql: z.string().describe('SELECT that must return no rows; `{{table}}` stands for the new table.'),
      }),
    )
    .default([])
    .describe('Checks of the new table before it is published.'),
  dependents: z
    .enum(['refuse', 'recreate'])
    .default('refuse')
    .describe(
      'What becomes of views and foreign keys that depend on the live table: refuse before data moves, or recreate them in the swap.',
    ),
  lock_timeout: DurationValue.prefault('200ms').describe(
    'How long one try of the swap may wait for its lock; readers wait behind it no longer.',
  ),
  swap_deadline: DurationValue.prefault('5m').describe(
    'How long the swap is tried again before the sync fails; what it recreates must be done by then, too. upsert: how long it waits for rows that others hold.',
  ),
});
export type SyncFile = z.infer<typeof SyncFile>;
