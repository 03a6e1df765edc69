import { quoteName, quoteText } from '../foundation/quote.ts';
import { type Relation, relationSql } from '../manifest/relation.ts';
import { isMergeTree } from '../project/engine-family.ts';
import type { ModelConfig } from '../project/model-config.ts';
import type { Statement, StatementSettings } from './statement.ts';

/** What stands between `create table x` and the columns' origin: engine, keys, settings, comment. */
export function tableClauses(config: ModelConfig, comment: string): string {
  const sorted = isMergeTree(config.engine);
  const clauses = [
    `engine = ${config.engine}`,
    config.partition_by !== null && `partition by ${config.partition_by}`,
    config.primary_key !== null && `primary key ${inTuple(config.primary_key)}`,
    sorted && `order by ${config.order_by === null ? 'tuple()' : inTuple(config.order_by)}`,
    config.ttl !== null && `ttl ${config.ttl}`,
    Object.keys(config.settings).length > 0 && `settings ${settingsList(config.settings)}`,
    `comment ${quoteText(comment, 'clickhouse')}`,
  ];
  return clauses.filter((clause) => clause !== false).join('\n');
}

/** What can only be said of a table that exists: codecs, indexes, projections. Run while it is empty, where it costs nothing. */
export function alterEmptyTable(table: Relation, config: ModelConfig): Statement[] {
  const actions = [
    ...Object.entries(config.codecs).map(([column, codec]) => `modify column ${quoteName(column, 'clickhouse')} codec(${codec})`),
    ...config.indexes.map(
      (index) => `add index ${quoteName(index.name, 'clickhouse')} ${index.expression} type ${index.type} granularity ${index.granularity}`,
    ),
    ...config.projections.map((projection) => `add projection ${quoteName(projection.name, 'clickhouse')} (${projection.query})`),
  ];
  return actions.map((action) => ({
    purpose: 'lay out the new table',
    sql: `alter table ${relationSql(table)} ${action}`,
  }));
}

/** Settings of every statement that writes a stage: what was written before, to whatever table, never makes a row of ours disappear. */
export const stageSettings = { insert_deduplicate: 0, async_insert: 0 } as const;

/** Settings of the statements that run a model's SELECT. Ten years of months are more partitions than ClickHouse lets pass by default. */
export function fillSettings({ query_settings }: ModelConfig): StatementSettings {
  return { max_partitions_per_insert_block: 1000, ...query_settings, ...stageSettings };
}

function settingsList(settings: ModelConfig['settings']): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${typeof value === 'string' ? quoteText(value, 'clickhouse') : Number(value)}`)
    .join(', ');
}

/** `a, b` is a key of two columns, and ClickHouse wants parentheses around it. */
function inTuple(expressions: string): string {
  const trimmed = expressions.trim();
  let depth = 0;
  for (const letter of trimmed) {
    if (letter === '(') depth += 1;
    else if (letter === ')') depth -= 1;
    else if (letter === ',' && depth === 0) return `(${trimmed})`;
  }
  return trimmed;
}
