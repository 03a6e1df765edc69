import { z } from 'zod';
import { DurationValue } from './duration-value.ts';

/** One text or a list of texts; a list once read. */
const Texts = z.union([z.string().transform((text) => [text]), z.array(z.string())]);

/** `a, b` or `[a, b]`: a comma-separated text is one SQL expression list, a list is joined to one. */
const Expressions = z.union([
  z.string(),
  z.array(z.string()).transform((list) => (list.length === 1 ? list.join() : `(${list.join(', ')})`)),
]);

const Settings = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

export const SchemaChangePolicy = z.enum(['fail', 'ignore', 'append_new_columns', 'sync_all_columns']);
export type SchemaChangePolicy = z.infer<typeof SchemaChangePolicy>;

/** `microbatch` is dbt's name of `interval`. */
export const IncrementalStrategy = z
  .enum(['append', 'delete_insert', 'insert_overwrite', 'interval', 'microbatch'])
  .transform((name) => (name === 'microbatch' ? 'interval' : name));
export type IncrementalStrategy = z.infer<typeof IncrementalStrategy>;

export const BatchSize = z.enum(['hour', 'day', 'month', 'year']);
export type BatchSize = z.infer<typeof BatchSize>;

export const SkippingIndex = z.strictObject({
  name: z.string(),
  expression: z.string().describe('What is indexed, an SQL expression.'),
  type: z.string().describe('ClickHouse index type, e.g. `minmax` or `bloom_filter(0.01)`.'),
  granularity: z.int().positive().default(1),
});

export const Projection = z.strictObject({
  name: z.string(),
  query: z.string().describe('`select … [group by …] [order by …]`, without from.'),
});

/** Rows whose partitions an insert_overwrite replaces even where no new row falls into them. Half-open. */
export const OverwriteRange = z.strictObject({
  column: z.string(),
  from: z.string().describe('SQL expression, inclusive.'),
  to: z.string().describe('SQL expression, exclusive.'),
});

/**
 * Everything a model or seed can be configured with, in project.yaml, a properties file or `{{config …}}`.
 * Nearer places win; tags append, meta merges.
 */
export const ModelConfig = z.strictObject({
  materialized: z
    .string()
    .default('view')
    .describe('view, table, incremental, snapshot, materialized_view, dictionary, ephemeral; seeds are always seed.'),
  enabled: z.boolean().default(true).describe('false leaves the node out of the graph.'),
  database: z.string().nullable().default(null).describe("ClickHouse database; the target's where null."),
  alias: z.string().nullable().default(null).describe('Name of the relation; the model’s name where null.'),
  tags: z
    .union([
      z.string().transform((text) =>
        text
          .split(',')
          .map((tag) => tag.trim())
          .filter((tag) => tag !== ''),
      ),
      z.array(z.string()),
    ])
    .default([])
    .describe('For selection by tag:NAME; those of every place add up.'),
  meta: z.record(z.string(), z.unknown()).default({}).describe('Anything; those of every place are merged.'),
  engine: z.string().default('MergeTree').describe('Table engine with its arguments, e.g. `ReplacingMergeTree(updated_at)`.'),
  order_by: Expressions.nullable().default(null).describe('Sorting key; `tuple()` where null.'),
  primary_key: Expressions.nullable().default(null).describe('A prefix of the sorting key; all of it where null.'),
  partition_by: Expressions.nullable().default(null).describe('Expression by which rows are kept apart, e.g. `toYYYYMM(date)`.'),
  ttl: z.string().nullable().default(null).describe('When rows expire, e.g. `date + interval 90 day`.'),
  settings: Settings.default({}).describe('Settings of the table.'),
  query_settings: Settings.default({}).describe('Settings of the statements that fill the table.'),
  indexes: z
    .array(SkippingIndex)
    .default([])
    .describe('Data-skipping indexes of the table: ClickHouse leaves out granules that they rule out.'),
  projections: z
    .array(Projection)
    .default([])
    .describe('Projections of the table: its rows once more, sorted or aggregated otherwise, chosen by ClickHouse itself.'),
  codecs: z.record(z.string(), z.string()).default({}).describe('Column to codec, e.g. `{ views: "Delta, ZSTD(3)" }`.'),
  unique_key: Texts.default([]).describe('Columns that identify a row.'),
  incremental_strategy: IncrementalStrategy.nullable()
    .default(null)
    .describe(
      'append where null; delete_insert where null and unique_key is set on an engine that does not replace. delete_insert keeps all rows that one batch has of a key: a unique test tells.',
    ),
  overwrite_range: OverwriteRange.nullable()
    .default(null)
    .describe('insert_overwrite: rows whose partitions are replaced even where no new row falls into them.'),
  event_time: z
    .string()
    .nullable()
    .default(null)
    .describe('interval: the column that says when a row happened, a Date, DateTime or DateTime64; `partition_by` names it too.'),
  begin: z
    .string()
    .nullable()
    .default(null)
    .describe('interval: when the first interval begins, in UTC, e.g. `2024-01-01` or `2024-01-01T06:00`; brought down to a whole one.'),
  batch_size: BatchSize.nullable().default(null).describe('interval: how long an interval is: hour, day, month or year, in UTC.'),
  lookback: z
    .int()
    .nonnegative()
    .default(1)
    .describe('interval: how many intervals before the current one every run does again, for rows that come late.'),
  strategy: z
    .enum(['timestamp', 'check'])
    .nullable()
    .default(null)
    .describe(
      'snapshot: what makes a new version of a row: a later updated_at, or another value in check_cols. timestamp where null and updated_at is set, check where check_cols is.',
    ),
  updated_at: z
    .string()
    .nullable()
    .default(null)
    .describe('snapshot: the column that says when a row was changed, a Date, DateTime or DateTime64; a version begins then.'),
  check_cols: z
    .union([z.literal('all'), z.array(z.string()).min(1)])
    .nullable()
    .default(null)
    .describe('snapshot: the columns whose values are compared, or all. From NULL to a value is a change, and back.'),
  hard_deletes: z
    .enum(['ignore', 'invalidate', 'new_record'])
    .default('ignore')
    .describe(
      'snapshot: what becomes of rows that the SELECT returns no more: nothing, their version ends, or it ends and one with dbt_is_deleted = True follows. ' +
        'Other than ignore wants a SELECT that returns every row.',
    ),
  valid_to_current: z
    .string()
    .nullable()
    .default(null)
    .describe("snapshot: dbt_valid_to of versions that hold, an SQL expression such as `toDate32('2299-12-31')`; NULL where null."),
  watermark: z
    .string()
    .nullable()
    .default(null)
    .describe(
      'materialized_view: the column of the source that says when a row was inserted, a DateTime or DateTime64. ' +
        'What it says is at most watermark_delay earlier than when the row is there, and never later.',
    ),
  watermark_delay: DurationValue.prefault('10s').describe('materialized_view: how much later than its watermark a row may be there.'),
  catchup: z
    .enum(['all', 'none'])
    .default('all')
    .describe('materialized_view: all has the rows of the source from its beginning; none only those that are inserted from now on.'),
  refresh: z
    .string()
    .nullable()
    .default(null)
    .describe(
      'materialized_view: when ClickHouse runs the whole SELECT again and replaces the rows, e.g. `every 1 hour` or `after 30 minute`; with every insert into the source where null.',
    ),
  layout: z
    .string()
    .nullable()
    .default(null)
    .describe(
      'dictionary: how it is kept in memory, e.g. `flat()`; hashed() for a key of one integer where null, else complex_key_hashed().',
    ),
  lifetime: DurationValue.nullable()
    .default(null)
    .describe(
      'dictionary: how often a server runs the SELECT again by itself, in whole seconds; where null it holds the rows of the last run, which were tested. The embedded engine reads again at every run only.',
    ),
  named_collection: z
    .string()
    .nullable()
    .default(null)
    .describe('dictionary: a named collection of the server with the user and password it reads as; the default user where null.'),
  on_schema_change: SchemaChangePolicy.default('fail').describe(
    'incremental: what to do where the SELECT returns other columns than the table has. ignore and append_new_columns refuse another type; ' +
      'sync_all_columns converts the values, and refuses where one would be altered.',
  ),
  contract: z
    .union([z.literal('enforced').transform(() => ({ enforced: true })), z.strictObject({ enforced: z.boolean() })])
    .default({ enforced: false })
    .describe(
      'enforced: the SELECT returns exactly the declared columns with exactly their types, and the rows hold the constraints; ' +
        'held by `gccflow check`, and on the new rows before they are published.',
    ),
  full_refresh: z
    .boolean()
    .nullable()
    .default(null)
    .describe(
      'false refuses --full-refresh; true refreshes fully on every run. A snapshot, and a materialized_view with catchup none, refuse it unless true, which is then all that true means.',
    ),
  pre_hook: Texts.default([]).describe('Statements run before the build; templates.'),
  post_hook: Texts.default([]).describe('Statements run after the publication; templates.'),
  grants: z.record(z.string(), Texts).default({}).describe('Privilege to the users or roles that get it, e.g. `{ select: [analyst] }`.'),
  retain: z.int().nonnegative().default(1).describe('Previous versions kept for `gccflow rollback`.'),
  timeout: DurationValue.nullable().default(null).describe('How long the node may run.'),
  column_types: z
    .record(z.string(), z.string())
    .default({})
    .describe(
      'Seeds: column to ClickHouse type; inferred where absent, as text where a number would lose digits. A value that is none of its type is an error. ' +
        'An empty field and `\\N` are NULL: in a String that is not Nullable an empty field is an empty text, in other types an error. ' +
        'Dates are written YYYY-MM-DD, times as in ISO 8601 and without an offset in the zone of the column, decimals without an exponent, ' +
        'Bool as true/false, yes/no, on/off, t/f, y/n or 1/0, arrays, maps and tuples as in ClickHouse.',
    ),
  delimiter: z.string().length(1).default(',').describe('Seeds: what stands between fields, e.g. `;` or a tab.'),
});
/** A config with every default filled in. */
export type ModelConfig = z.infer<typeof ModelConfig>;
/** A config as one place states it. */
export type ModelConfigInput = Partial<z.input<typeof ModelConfig>>;
