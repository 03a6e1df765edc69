import type { PostgresQueries } from '../connections/postgres.ts';
import { GccflowError } from '../foundation/error.ts';
import type { SyncFile } from '../project/sync-file.ts';
import { type TableName, tableSql } from './table-name.ts';

/** What would stay with the old table when it is renamed. */
export interface Dependent {
  readonly kind:
    | 'view'
    | 'materialized view'
    | 'foreign key'
    | 'child table'
    | 'parent table'
    | 'partitioning'
    | 'column of its row type'
    | 'rule';
  /** Quoted, e.g. `public.v`; of a foreign key `constraint on table`. */
  readonly name: string;
  /** Statements that point it at the table that has the name now; empty where there are none that can. */
  readonly recreate: readonly string[];
}

/** Everything in the catalog that depends on a table by its identity and not by its name. */
export async function readDependents(session: PostgresQueries, name: TableName): Promise<Dependent[]> {
  return session.query<Dependent>(dependentsSql, [tableSql(name)]);
}

/** Throws SYNC_DEPENDENTS unless there are none, or the sync recreates them and each can be. */
export function refuseDependents(sync: SyncFile, dependents: readonly Dependent[]): void {
  const stuck = sync.dependents === 'recreate' ? dependents.filter(({ recreate }) => recreate.length === 0) : dependents;
  if (stuck.length === 0) return;
  const names = stuck.map(({ kind, name }) => `${kind} ${name}`).join(', ');
  throw new GccflowError(
    'SYNC_DEPENDENTS',
    `Sync '${sync.name}' would leave behind what depends on table '${sync.to.schema}.${sync.to.table}': ${names}.`,
    {
      hint:
        sync.dependents === 'recreate'
          ? 'Drop these, or publish by `mode: upsert`, which keeps the table; nothing was changed.'
          : 'Let them be recreated in the swap by `dependents: recreate`, or drop them; nothing was changed.',
    },
  );
}

/**
 * A view is replaced in place, so its grants and what reads it stay. A materialized view is made anew, with its indexes, owner and grants,
 * unless something reads it. A foreign key is dropped and added again, checked.
 */
const dependentsSql = `
  with target as (select $1::regclass as oid),
  rules as (
    select distinct v.oid, v.relkind, n.nspname, v.relname, v.reloptions, v.relowner, v.relacl, v.relispopulated
    from pg_depend d join pg_rewrite r on r.oid = d.objid join pg_class v on v.oid = r.ev_class join pg_namespace n on n.oid = v.relnamespace
    where d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid = (select oid from target) and v.oid <> d.refobjid
  )
  select 'view' as kind, format('%I.%I', nspname, relname) as name,
    array[format('create or replace view %I.%I%s as %s', nspname, relname, coalesce(' with (' || array_to_string(reloptions, ', ') || ')', ''), pg_get_viewdef(oid))] as recreate
  from rules where relkind = 'v'
  union all
  select 'materialized view', format('%I.%I', nspname, relname),
    case when exists (select 1 from pg_depend p join pg_rewrite r on r.oid = p.objid and r.ev_class <> rules.oid where p.refobjid = rules.oid and p.classid = 'pg_rewrite'::regclass) then '{}'
    else array[format('drop materialized view %I.%I', nspname, relname),
      format('create materialized view %I.%I as %s %s', nspname, relname, rtrim(pg_get_viewdef(oid), ';'), case when relispopulated then 'with data' else 'with no data' end),
      format('alter materialized view %I.%I owner to %I', nspname, relname, pg_get_userbyid(relowner))]
      || array(select pg_get_indexdef(x.indexrelid) from pg_index x where x.indrelid = rules.oid)
      || array(select format('grant %s on %I.%I to %s', g.privilege_type, nspname, relname, case when g.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(g.grantee)) end)
               from aclexplode(relacl) g where g.grantee <> relowner and g.privilege_type <> 'MAINTAIN') end
  from rules where relkind = 'm'
  union all
  select 'foreign key', format('%I on %s', k.conname, k.conrelid::regclass),
    array[format('alter table %s drop constraint %I', k.conrelid::regclass, k.conname),
      format('alter table %s add constraint %I %s', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid))]
  from pg_constraint k where k.contype = 'f' and k.confrelid = (select oid from target) and k.conrelid <> k.confrelid and k.conparentid = 0
  union all
  select 'child table', i.inhrelid::regclass::text, '{}'::text[]
  from pg_inherits i where i.inhparent = (select oid from target)
  union all
  select 'parent table', i.inhparent::regclass::text, '{}'::text[]
  from pg_inherits i where i.inhrelid = (select oid from target)
  union all
  select 'partitioning', pg_get_partkeydef(partrelid), '{}'::text[]
  from pg_partitioned_table where partrelid = (select oid from target)
  union all
  select 'column of its row type', format('%I of %s', a.attname, a.attrelid::regclass), '{}'::text[]
  from pg_attribute a join pg_class t on t.oid = (select oid from target) join pg_class u on u.oid = a.attrelid and u.relkind in ('r', 'm', 'p')
  where a.atttypid = t.reltype and not a.attisdropped
  union all
  select 'rule', quote_ident(r.rulename), '{}'::text[]
  from pg_rewrite r where r.ev_class = (select oid from target)
  order by 1, 2`;
