import type { PostgresQueries } from '../connections/postgres.ts';
import { type TableName, tableSql } from './table-name.ts';

/** What the catalog says of a live table that its successor must have too. */
export interface LiveTable {
  readonly oid: number;
  readonly owner: string;
  readonly comment: string | null;
  readonly options: readonly string[];
  readonly rowSecurity: boolean;
  readonly forceRowSecurity: boolean;
  readonly columns: readonly LiveColumn[];
  readonly indexes: readonly LiveIndex[];
  readonly constraints: readonly LiveConstraint[];
  /** Extended statistics. */
  readonly statistics: readonly LiveStatistics[];
  readonly grants: readonly LiveGrant[];
  /** Statements that create, by name, what hangs on the table: triggers, policies. */
  readonly triggers: readonly { readonly name: string; readonly definition: string; readonly enabled: string }[];
  readonly policies: readonly LivePolicy[];
  readonly publications: readonly LivePublication[];
  /** What ALTER TABLE … REPLICA IDENTITY takes; null for the default. */
  readonly replicaIdentity: string | null;
}

export interface LiveColumn {
  readonly name: string;
  readonly type: string;
  readonly default: string | null;
  readonly comment: string | null;
  /** `a` always, `d` by default, empty: no identity. */
  readonly identity: string;
  /** What ALTER COLUMN … SET STATISTICS takes; null for the default. */
  readonly statisticsTarget: number | null;
  /** What ALTER COLUMN … SET takes, e.g. `n_distinct=-0.5`. */
  readonly options: readonly string[];
  /** The sequence the column owns, quoted; null where none. */
  readonly sequence: string | null;
}

export interface LiveIndex {
  readonly name: string;
  /** Index definition from USING on. */
  readonly tail: string;
  readonly unique: boolean;
  readonly columns: readonly string[];
}

export interface LiveConstraint {
  readonly name: string;
  /** p, u, c, f, x. */
  readonly kind: string;
  readonly definition: string;
  /** The table as `definition` names it, of a foreign key to the table itself. */
  readonly self: string | null;
  readonly columns: readonly string[];
}

export interface LiveStatistics {
  readonly schema: string;
  readonly name: string;
  /** Definition between the name and FROM. */
  readonly tail: string;
  readonly target: number | null;
  readonly columns: readonly string[];
}

export interface LiveGrant {
  readonly grantee: string;
  readonly privilege: string;
  readonly column: string | null;
  readonly grantable: boolean;
}

export interface LivePolicy {
  readonly name: string;
  readonly permissive: boolean;
  readonly command: string;
  readonly roles: string;
  readonly using: string | null;
  readonly check: string | null;
}

export interface LivePublication {
  readonly name: string;
  /** What stands behind the table's name in ALTER PUBLICATION: its columns and its row filter. */
  readonly tail: string;
}

/** Reads a table from the catalog, or null if there is none. */
export async function readLiveTable(session: PostgresQueries, name: TableName): Promise<LiveTable | null> {
  const [row] = await session.query<{ table: LiveTable | null }>(liveTableSql, [name.schema, name.table]);
  return row?.table ?? null;
}

export async function countRows(session: PostgresQueries, name: TableName): Promise<number> {
  const [row] = await session.query<{ rows: string }>(`select count(*) as rows from ${tableSql(name)}`);
  return Number(row?.rows ?? 0);
}

const liveTableSql = `
  select json_build_object(
    'oid', c.oid::int8,
    'owner', quote_ident(pg_get_userbyid(c.relowner)),
    'comment', obj_description(c.oid, 'pg_class'),
    'options', coalesce(c.reloptions, '{}'),
    'rowSecurity', c.relrowsecurity,
    'forceRowSecurity', c.relforcerowsecurity,
    'columns', (
      select coalesce(json_agg(json_build_object(
          'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'default', pg_get_expr(d.adbin, d.adrelid),
          'comment', col_description(c.oid, a.attnum), 'identity', a.attidentity,
          'statisticsTarget', nullif(a.attstattarget, -1), 'options', coalesce(a.attoptions, '{}'),
          'sequence', case when a.attidentity = '' then pg_get_serial_sequence(format('%I.%I', n.nspname, c.relname), a.attname) end
        ) order by a.attnum), '[]')
      from pg_attribute a left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum and a.attgenerated = ''
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
    'indexes', (
      select coalesce(json_agg(json_build_object(
          'name', i.relname, 'unique', x.indisunique,
          'tail', substr(pg_get_indexdef(x.indexrelid), length(format('CREATE %sINDEX %I ON %I.%I', case when x.indisunique then 'UNIQUE ' else '' end, i.relname, n.nspname, c.relname)) + 1),
          'columns', array(select distinct a.attname from pg_depend p join pg_attribute a on a.attrelid = c.oid and a.attnum = p.refobjsubid
                           where p.classid = 'pg_class'::regclass and p.objid = i.oid and p.refobjid = c.oid and p.refobjsubid > 0)
        ) order by i.relname), '[]')
      from pg_index x join pg_class i on i.oid = x.indexrelid
      where x.indrelid = c.oid and not exists (select 1 from pg_constraint k where k.conindid = x.indexrelid and k.contype in ('p', 'u', 'x') and k.conrelid = c.oid)),
    'constraints', (
      select coalesce(json_agg(json_build_object(
          'name', k.conname, 'kind', k.contype, 'definition', pg_get_constraintdef(k.oid), 'self', case when k.confrelid = c.oid then c.oid::regclass::text end,
          'columns', array(select a.attname from pg_attribute a where a.attrelid = c.oid and a.attnum = any(k.conkey))
        ) order by k.contype = 'p' desc, k.contype = 'f', k.conname), '[]')
      from pg_constraint k where k.conrelid = c.oid and k.contype in ('p', 'u', 'c', 'f', 'x')),
    'statistics', (
      select coalesce(json_agg(json_build_object('schema', m.nspname, 'name', x.stxname, 'target', nullif(x.stxstattarget, -1),
          'tail', substr(left(pg_get_statisticsobjdef(x.oid), -length(' FROM ' || c.oid::regclass)), length(format('CREATE STATISTICS %I.%I', m.nspname, x.stxname)) + 1),
          'columns', array(select distinct a.attname from pg_depend p join pg_attribute a on a.attrelid = c.oid and a.attnum = p.refobjsubid
                           where p.classid = 'pg_statistic_ext'::regclass and p.objid = x.oid and p.refobjid = c.oid and p.refobjsubid > 0)
        ) order by x.stxname), '[]')
      from pg_statistic_ext x join pg_namespace m on m.oid = x.stxnamespace where x.stxrelid = c.oid),
    'grants', (
      select coalesce(json_agg(json_build_object('grantee', case when g.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(g.grantee)) end,
          'privilege', g.privilege_type, 'column', g.attname, 'grantable', g.is_grantable)), '[]')
      from (
        select (aclexplode(c.relacl)).*, null::name as attname
        union all
        select (aclexplode(a.attacl)).*, a.attname from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      ) g where g.grantee <> c.relowner),
    'triggers', (
      select coalesce(json_agg(json_build_object('name', t.tgname, 'definition', pg_get_triggerdef(t.oid), 'enabled', t.tgenabled) order by t.tgname), '[]')
      from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal),
    'policies', (
      select coalesce(json_agg(json_build_object('name', p.polname, 'permissive', p.polpermissive,
          'command', case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
          'roles', (select string_agg(case when r = 0 then 'public' else quote_ident(pg_get_userbyid(r)) end, ', ') from unnest(p.polroles) r),
          'using', pg_get_expr(p.polqual, p.polrelid), 'check', pg_get_expr(p.polwithcheck, p.polrelid))), '[]')
      from pg_policy p where p.polrelid = c.oid),
    'publications', (
      select coalesce(json_agg(json_build_object('name', quote_ident(p.pubname), 'tail', concat(
          ' (' || (select string_agg(quote_ident(a.attname), ', ' order by a.attnum) from pg_attribute a where a.attrelid = c.oid and a.attnum = any(r.prattrs)) || ')',
          ' where (' || pg_get_expr(r.prqual, r.prrelid) || ')'))), '[]')
      from pg_publication_rel r join pg_publication p on p.oid = r.prpubid where r.prrelid = c.oid),
    'replicaIdentity', case c.relreplident when 'f' then 'full' when 'n' then 'nothing'
      when 'i' then (select 'using index ' || quote_ident(i.relname) from pg_index x join pg_class i on i.oid = x.indexrelid where x.indrelid = c.oid and x.indisreplident) end
  ) as table
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p')`;
