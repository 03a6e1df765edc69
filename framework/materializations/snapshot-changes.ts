import { quoteName, quoteText } from '../foundation/quote.ts';
import { type Relation, relationSql } from '../manifest/relation.ts';
import { attachAll, createLike, startFromClone } from './incremental-strategy.ts';
import type { BuildInput, BuildPlan } from './materialization.ts';
import { requireKeys, requireLawful, requireSameEnd, requireSnapshotColumns } from './snapshot-guards.ts';
import { changedAt, isOpen, keyColumns, openEnd, scdId, timeSql, versionColumns, versionsSql, versionValues } from './snapshot-versions.ts';
import { fillSettings, stageSettings } from './table-clauses.ts';
import { matchedColumns, type WriteStep } from './write-step.ts';

/**
 * The next run of a snapshot: the rows of the SELECT are collected once, compared with the versions that hold, and what changed is written
 * down as a list. From it come the versions that end and those that begin; the partitions of those that end are rewritten, no others.
 */
export function planNextVersions(input: BuildInput): BuildPlan {
  const { config, stage, scratch, reason } = input;
  const select = input.sql(true);
  const tables = { source: scratch('source'), changes: scratch('changes'), delta: scratch('delta'), kept: scratch('kept') };
  return {
    mode: 'incremental',
    reason,
    steps: [
      requireSnapshotColumns(input, select),
      ...startFromClone(input, versionsSql(input, select)),
      ...requireSameEnd(input),
      fillScratch(input, tables.source, { purpose: 'collect the rows', sql: select }),
      requireKeys(input, tables.source),
      findChanges(input, tables),
      createLike(input, tables.delta, 'create a table for the versions that change'),
      { ...joined, purpose: 'end versions', sql: endedSql(input, tables) },
      { ...joined, kind: 'insert', purpose: 'begin versions', into: tables.delta, sql: begunSql(input, tables), columnsBy: 'name' },
      ...(config.hard_deletes === 'new_record' ? [{ ...joined, purpose: 'write down deletions', sql: deletedSql(input, tables) }] : []),
      createLike(input, tables.kept, 'create a table for the versions that stay'),
      { ...joined, purpose: 'keep the versions that stay', sql: keptSql(input, tables) },
      {
        kind: 'drop_partitions',
        purpose: 'drop the partitions that are rewritten',
        table: stage,
        query: affectedSql(input, tables),
        settings: {},
      },
      attachAll(input, tables.kept, 'put back the versions that stay'),
      attachAll(input, tables.delta, 'put in the versions that changed'),
      requireLawful(input, tables.delta),
    ],
    scratch: Object.values(tables),
  };
}

interface Tables {
  readonly source: Relation;
  /** For each version that begins or ends: `gccflow_key_1`…, `gccflow_closes` (the version that ends, or NULL), `gccflow_at`, and whether it is a deletion. */
  readonly changes: Relation;
  readonly delta: Relation;
  readonly kept: Relation;
}

const joined = { kind: 'statement', settings: { ...stageSettings, join_use_nulls: 1, max_partitions_per_insert_block: 0 } } as const;

function fillScratch({ comment, config }: BuildInput, table: Relation, { purpose, sql }: { purpose: string; sql: string }) {
  const create = `create table ${relationSql(table)}\nengine = MergeTree\norder by tuple()\ncomment ${quoteText(comment, 'clickhouse')}\nas\n${sql}`;
  return { kind: 'statement', purpose, sql: create, settings: fillSettings(config) } as const;
}

function findChanges(input: BuildInput, tables: Tables): WriteStep {
  const { config, stage, executionTime } = input;
  const [keys, now] = [keyColumns(config), timeSql(executionTime)];
  const [open, table, source] = [isOpen(config), relationSql(stage), relationSql(tables.source)];
  const hash = rowHash(input);
  const marksDeleted = config.hard_deletes === 'new_record';
  const on = (side: string): string =>
    keyColumns(config, 'source')
      .map((key, index) => `${key} = ${side}.${keys[index]}`)
      .join(' and ');
  const current = [
    ...keys,
    'dbt_scd_id',
    'dbt_valid_from',
    'dbt_updated_at',
    ...(marksDeleted ? [`dbt_is_deleted = 'True' as gccflow_is_deleted`] : []),
    ...(hash === null ? [] : [`${hash} as gccflow_row_hash`]),
  ];
  const changed = [
    hash === null ? 'source.gccflow_changed_at > current.dbt_updated_at' : 'source.gccflow_row_hash != current.gccflow_row_hash',
    ...(marksDeleted ? ['current.gccflow_is_deleted'] : []),
  ];
  const begun = `select ${named(keyColumns(config, 'source'))}, current.dbt_scd_id as gccflow_closes, assumeNotNull(multiIf(
    current.dbt_scd_id is not null, if(source.gccflow_changed_at > current.dbt_valid_from, source.gccflow_changed_at, greatest(${now}, current.dbt_valid_from + toIntervalMicrosecond(1))),
    earlier.gccflow_ended is not null, if(source.gccflow_changed_at >= earlier.gccflow_ended, source.gccflow_changed_at, greatest(${now}, earlier.gccflow_ended)),
    source.gccflow_changed_at)) as gccflow_at, false as gccflow_is_deletion
from (
  select ${[...keys, `${changedAt(config, executionTime)} as gccflow_changed_at`, ...(hash === null ? [] : [`${hash} as gccflow_row_hash`])].join(', ')}
  from ${source}
) as source
left join (
  select ${current.join(', ')} from ${table} where ${open}
) as current on ${on('current')}
left join (
  select ${keys.join(', ')}, max(dbt_valid_to) as gccflow_ended from ${table}
  where (${keys.join(', ')}) in (select ${keys.join(', ')} from ${source} where (${keys.join(', ')}) not in (select ${keys.join(', ')} from ${table} where ${open}))
  group by ${keys.join(', ')}
) as earlier on ${on('earlier')}
where current.dbt_scd_id is null or ${changed.join(' or ')}`;
  const gone = `select ${named(keys)}, toNullable(dbt_scd_id) as gccflow_closes, greatest(${now}, dbt_valid_from + toIntervalMicrosecond(1)) as gccflow_at, true as gccflow_is_deletion
from ${table}
where ${[open, ...(marksDeleted ? [`dbt_is_deleted = 'False'`] : [])].join(' and ')} and (${keys.join(', ')}) not in (select ${keys.join(', ')} from ${source})`;
  const sql = config.hard_deletes === 'ignore' ? begun : `${begun}\nunion all\n${gone}`;
  const step = fillScratch(input, tables.changes, { purpose: 'find what changed', sql });
  return { ...step, ...joined, kind: 'on_matched_columns', except: versionColumns(config).map(({ name }) => name) };
}

/** The values that are compared, as one; null where times are compared. */
function rowHash({ config }: BuildInput): string | null {
  const { check_cols: columns, strategy, updated_at } = config;
  if (columns === null || strategy === 'timestamp' || (strategy === null && updated_at !== null)) return null;
  const compared = columns === 'all' ? matchedColumns : columns.map((column) => quoteName(column, 'clickhouse')).join(', ');
  return `sipHash128(tuple(${compared}))`; // a tuple's hash tells NULL from every value
}

function named(keys: readonly string[]): string {
  return keys.map((key, index) => `${key} as gccflow_key_${index + 1}`).join(', ');
}

function endedSql({ stage, config }: BuildInput, { changes, delta }: Tables): string {
  return `insert into ${relationSql(delta)}
select version.* replace (changes.gccflow_at as dbt_valid_to)
from (select * from ${relationSql(stage)} where ${isOpen(config)}) as version
inner join ${relationSql(changes)} as changes on version.dbt_scd_id = changes.gccflow_closes`;
}

function begunSql({ config, executionTime }: BuildInput, { source, changes }: Tables): string {
  const keys = keyColumns(config, 'source');
  const times = { id: keys, updatedAt: changedAt(config, executionTime, 'source'), begins: 'changes.gccflow_at' };
  return `select source.*,\n${versionValues(config, times)}
from ${relationSql(source)} as source
inner join ${relationSql(changes)} as changes on ${keys.map((key, index) => `${key} = changes.gccflow_key_${index + 1}`).join(' and ')}
where not changes.gccflow_is_deletion`;
}

function deletedSql({ stage, config }: BuildInput, { changes, delta }: Tables): string {
  const id = scdId(keyColumns(config, 'version'), 'changes.gccflow_at');
  return `insert into ${relationSql(delta)}
select version.* replace (${id} as dbt_scd_id, changes.gccflow_at as dbt_updated_at, changes.gccflow_at as dbt_valid_from, ${openEnd(config)} as dbt_valid_to, 'True' as dbt_is_deleted)
from (select * from ${relationSql(stage)} where ${isOpen(config)}) as version
inner join ${relationSql(changes)} as changes on version.dbt_scd_id = changes.gccflow_closes
where changes.gccflow_is_deletion`;
}

function keptSql(input: BuildInput, tables: Tables): string {
  return `insert into ${relationSql(tables.kept)}
select * from ${relationSql(input.stage)}
where _partition_id in (${affectedSql(input, tables)})
  and dbt_scd_id not in (${closedIds(tables)})`;
}

function affectedSql({ stage, config }: BuildInput, tables: Tables): string {
  return `select distinct _partition_id as partition_id from ${relationSql(stage)} where ${isOpen(config)} and dbt_scd_id in (${closedIds(tables)})`;
}

function closedIds({ changes }: Tables): string {
  return `select assumeNotNull(gccflow_closes) from ${relationSql(changes)} where gccflow_closes is not null`;
}
