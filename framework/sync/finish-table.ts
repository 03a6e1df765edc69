import type { PostgresQueries } from '../connections/postgres.ts';
import { quoteName, quoteText } from '../foundation/quote.ts';
import type { SyncFile, SyncIndex } from '../project/sync-file.ts';
import type { LiveTable } from './live-table.ts';
import type { TableColumn } from './table-columns.ts';
import { siblingName, type TableName, tableSql } from './table-name.ts';

/** What goes by another name until the swap. */
export interface Renaming {
  readonly kind: 'index' | 'constraint' | 'statistics';
  /** Of statistics, which may be in another than their table's. */
  readonly schema?: string;
  readonly from: string;
  readonly to: string;
}

/** Puts on a loaded table what was declared and what its predecessor has. Gives back what the swap must rename. */
export async function finishTable(
  session: PostgresQueries,
  sync: SyncFile,
  columns: readonly TableColumn[],
  table: TableName,
  live: LiveTable | null,
): Promise<Renaming[]> {
  const name = tableSql(table);
  const { statements, renamings } = keysAndIndexes(sync, columns, name, live);
  for (const statement of statements) await session.query(statement);
  for (const statement of describingStatements(columns, name, live)) await session.query(statement);
  for (const statement of accessStatements(sync, columns, name, live)) await session.query(statement);
  return renamings;
}

interface Structure {
  readonly statements: string[];
  readonly renamings: Renaming[];
}

function keysAndIndexes(sync: SyncFile, columns: readonly TableColumn[], table: string, live: LiveTable | null): Structure {
  const structure: Structure = { statements: [], renamings: [] };
  const names = new Set(columns.map(({ name }) => name));
  const taken = new Set<string>();
  const add = (kind: Renaming['kind'], to: string, statement: (name: string) => string): void => {
    if (taken.has(to)) return;
    taken.add(to);
    const from = siblingName(to, '_new');
    structure.statements.push(statement(quoteName(from, 'postgres')));
    structure.renamings.push({ kind, from, to });
  };
  const constrain = (to: string, definition: string): void =>
    add('constraint', to, (name) => `alter table ${table} add constraint ${name} ${definition}`);

  if (sync.primary_key.length > 0) constrain(siblingName(sync.to.table, '_pkey'), `primary key (${columnList(sync.primary_key)})`);
  for (const index of sync.indexes) add('index', indexName(sync, index), (name) => indexSql(index, name, table));
  for (const { name, definition } of sync.constraints) constrain(name, definition);
  const kept = (live?.constraints ?? []).filter(({ columns: used }) => used.every((column) => names.has(column)));
  for (const { name, kind, definition } of kept) {
    if (kind !== 'f' && (kind !== 'p' || sync.primary_key.length === 0)) constrain(name, definition);
  }
  for (const { name: to, tail, unique, columns: used } of live?.indexes ?? []) {
    if (used.every((column) => names.has(column)))
      add('index', to, (name) => `create ${unique ? 'unique ' : ''}index ${name} on ${table}${tail}`);
  }
  // Last: what a foreign key of the table to itself refers to may be any of the keys above.
  for (const { name, kind, definition, self } of kept) {
    if (kind === 'f') constrain(name, self === null ? definition : definition.replace(`REFERENCES ${self}(`, () => `REFERENCES ${table}(`));
  }
  for (const { schema, name: to, tail, target, columns: used } of live?.statistics ?? []) {
    if (!used.every((column) => names.has(column))) continue;
    const from = siblingName(to, '_new');
    const name = `${quoteName(schema, 'postgres')}.${quoteName(from, 'postgres')}`;
    structure.statements.push(`create statistics ${name}${tail} from ${table}`);
    if (target !== null) structure.statements.push(`alter statistics ${name} set statistics ${target}`);
    structure.renamings.push({ kind: 'statistics', schema, from, to });
  }
  return structure;
}

function indexName(sync: SyncFile, index: SyncIndex): string {
  return index.name ?? siblingName([sync.to.table, ...index.columns, ...index.expressions.map(() => 'expr')].join('_'), '_idx');
}

function indexSql(index: SyncIndex, name: string, table: string): string {
  const keys = [...index.columns.map((column) => quoteName(column, 'postgres')), ...index.expressions].join(', ');
  const include = index.include.length === 0 ? '' : ` include (${columnList(index.include)})`;
  const where = index.where === null ? '' : ` where ${index.where}`;
  return `create ${index.unique ? 'unique ' : ''}index ${name} on ${table} using ${index.method} (${keys})${include}${where}`;
}

function columnList(names: readonly string[]): string {
  return names.map((name) => quoteName(name, 'postgres')).join(', ');
}

function describingStatements(columns: readonly TableColumn[], table: string, live: LiveTable | null): string[] {
  const statements: string[] = [];
  const known = new Map(live?.columns.map((column) => [column.name, column]));
  for (const { name, description, default: fallback, fill } of columns) {
    const column = quoteName(name, 'postgres');
    const before = known.get(name);
    const comment = description === '' ? (before?.comment ?? null) : description;
    if (comment !== null) statements.push(`comment on column ${table}.${column} is ${quoteText(comment, 'postgres')}`);
    if (before === undefined) continue;
    if (before.statisticsTarget !== null)
      statements.push(`alter table ${table} alter column ${column} set statistics ${before.statisticsTarget}`);
    if (before.options.length > 0) statements.push(`alter table ${table} alter column ${column} set (${before.options.join(', ')})`);
    if (fallback !== null || fill !== null) continue;
    if (before.default !== null) statements.push(`alter table ${table} alter column ${column} set default ${before.default}`);
    if (before.identity !== '') statements.push(...identityStatements(table, name, before.identity));
  }
  const options = live?.options ?? [];
  if (options.length > 0) statements.push(`alter table ${table} set (${options.join(', ')})`);
  return statements;
}

function identityStatements(table: string, name: string, identity: string): string[] {
  const column = quoteName(name, 'postgres');
  return [
    `alter table ${table} alter column ${column} set not null`,
    `alter table ${table} alter column ${column} add generated ${identity === 'a' ? 'always' : 'by default'} as identity`,
    `select setval(pg_get_serial_sequence(${quoteText(table, 'postgres')}, ${quoteText(name, 'postgres')}), coalesce(max(${column}), 0) + 1, false) from ${table}`,
  ];
}

function accessStatements(sync: SyncFile, columns: readonly TableColumn[], table: string, live: LiveTable | null): string[] {
  const names = new Set(columns.map(({ name }) => name));
  const statements = Object.entries(sync.grants).flatMap(([privilege, roles]) =>
    roles.map((role) => `grant ${privilege} on ${table} to ${role === 'public' ? role : quoteName(role, 'postgres')}`),
  );
  if (live === null) return statements;
  for (const { grantee, privilege, column, grantable } of live.grants) {
    if (column !== null && !names.has(column)) continue;
    const what = column === null ? privilege : `${privilege} (${quoteName(column, 'postgres')})`;
    statements.push(`grant ${what} on ${table} to ${grantee}${grantable ? ' with grant option' : ''}`);
  }
  if (live.rowSecurity) statements.push(`alter table ${table} enable row level security`);
  if (live.forceRowSecurity) statements.push(`alter table ${table} force row level security`);
  for (const policy of live.policies) {
    const using = policy.using === null ? '' : ` using (${policy.using})`;
    const check = policy.check === null ? '' : ` with check (${policy.check})`;
    const kind = policy.permissive ? 'permissive' : 'restrictive';
    statements.push(
      `create policy ${quoteName(policy.name, 'postgres')} on ${table} as ${kind} for ${policy.command} to ${policy.roles}${using}${check}`,
    );
  }
  statements.push(`alter table ${table} owner to ${live.owner}`);
  return statements;
}
