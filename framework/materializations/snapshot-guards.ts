import { quoteName, quoteText } from '../foundation/quote.ts';
import { type Relation, relationSql } from '../manifest/relation.ts';
import type { BuildInput } from './materialization.ts';
import { isOpen, keyColumns, timeSql } from './snapshot-versions.ts';
import type { WriteStep } from './write-step.ts';

/** Refuses a SELECT without the columns that the config names, or with those that a snapshot adds. */
export function requireSnapshotColumns({ config }: BuildInput, select: string): WriteStep {
  return {
    kind: 'require_columns',
    purpose: 'look for the columns that the config names',
    sql: select,
    settings: config.query_settings,
  };
}

/** Refuses rows that share a key, have none, or do not say when they were changed. */
export function requireKeys({ config }: BuildInput, rows: Relation): WriteStep {
  const keys = keyColumns(config);
  const updatedAt = config.updated_at === null ? null : quoteName(config.updated_at, 'clickhouse');
  const undated = updatedAt === null ? '0' : `countIf(${updatedAt} is null)`;
  const noKey = keys.map((key) => `${key} is null`).join(' or ');
  const query = `select concat(toString(tuple(${keys.join(', ')})), multiIf(
  ${noKey}, ' holds a NULL',
  gccflow_undated > 0, ${quoteText(` has no ${config.updated_at ?? ''}`, 'clickhouse')},
  concat(' comes ', toString(gccflow_times), ' times'))) as gccflow_item,
  count() over () as gccflow_total
from (
  select ${keys.join(', ')}, count() as gccflow_times, ${undated} as gccflow_undated
  from ${relationSql(rows)}
  group by ${keys.join(', ')}
)
where gccflow_times > 1 or gccflow_undated > 0 or ${noKey}
order by gccflow_item
limit 5`;
  return {
    kind: 'require_none',
    purpose: 'hold that every row has a key of its own',
    query,
    code: 'SNAPSHOT_KEYS',
    what: `values of its unique_key (${config.unique_key.join(', ')})`,
    hint: `A snapshot follows one row by its key: make the SELECT return one for each, e.g. with 'limit 1 by ${config.unique_key.join(', ')}'.`,
    settings: {},
  };
}

/** Refuses ends of versions that no run can have written: `valid_to_current` is another than it was. */
export function requireSameEnd({ config, stage, executionTime }: BuildInput): WriteStep[] {
  if (config.valid_to_current === null) return [];
  const table = relationSql(stage);
  const query = `select toString(dbt_valid_to) as gccflow_item, count() over () as gccflow_total
from (
  select distinct dbt_valid_to from ${table}
  where not (${isOpen(config)}) and dbt_valid_to > ${timeSql(executionTime)}
    and dbt_valid_to > (select max(dbt_valid_from) from ${table}) + toIntervalMicrosecond(1)
)
order by gccflow_item
limit 5`;
  return [
    {
      kind: 'require_none',
      purpose: 'hold that valid_to_current is what it was',
      query,
      code: 'SNAPSHOT_HISTORY',
      what: `ends of versions that lie in the future and are not its 'valid_to_current'`,
      hint: `Set 'valid_to_current' back to what the history was written with.`,
      settings: {},
    },
  ];
}

/** Holds the laws of a history for the keys of `changed`: a version ends after it begins, none overlaps another, one holds at most. */
export function requireLawful({ config, stage }: BuildInput, changed: Relation): WriteStep {
  const keys = keyColumns(config).join(', ');
  const query = `select distinct concat(toString(tuple(${keys})), multiIf(
  gccflow_ends <= dbt_valid_from, ' has a version that ends before it begins',
  gccflow_is_open, ' has more than one version that holds',
  ' has versions that overlap')) as gccflow_item,
  count() over () as gccflow_total
from (
  select ${keys}, dbt_valid_from, ${isOpen(config)} as gccflow_is_open,
    ifNull(dbt_valid_to, toDateTime64('2299-12-31 23:59:59.999999', 6, 'UTC')) as gccflow_ends,
    leadInFrame(toNullable(dbt_valid_from)) over (
      partition by ${keys} order by dbt_valid_from, gccflow_ends rows between current row and unbounded following
    ) as gccflow_next
  from ${relationSql(stage)}
  where (${keys}) in (select ${keys} from ${relationSql(changed)})
)
where gccflow_ends <= dbt_valid_from or ifNull(gccflow_ends > gccflow_next, false)
order by gccflow_item
limit 5`;
  return {
    kind: 'require_none',
    purpose: 'hold that the history of every changed key is whole',
    query,
    code: 'SNAPSHOT_HISTORY',
    what: `keys (${config.unique_key.join(', ')}) whose history would contradict itself`,
    hint: `Somebody else wrote to the table, or 'unique_key' is not what the history was written with.`,
    settings: {},
  };
}
