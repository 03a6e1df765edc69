import { closest } from '../foundation/closest.ts';
import { quoteName } from '../foundation/quote.ts';
import type { YamlPath } from '../project/parse-yaml.ts';
import type { SyncColumn, SyncFile, SyncIndex } from '../project/sync-file.ts';
import { mapType } from '../sync/map-type.ts';
import type { TypedColumn } from './checked-graph.ts';
import { familyOf, postgresTakes } from './postgres-takes.ts';

/** SQL of a sync's file, and a statement by which PostgreSQL tells what is wrong with it. */
export interface SyncQuestion {
  readonly path: YamlPath;
  /** As in "the fill of 'updated_at'". */
  readonly what: string;
  /** What the author wrote. */
  readonly text: string;
  /** The column whose type it has to be of; null where it is of none. */
  readonly column: string | null;
  readonly sql: (table: string) => string;
}

/** What PostgreSQL is to be asked of a sync; nothing where its file holds no SQL but what is known to be well. */
export function questionsOf(sync: SyncFile, relation: readonly TypedColumn[]): readonly SyncQuestion[] {
  const types = new Map(tableColumns(sync, relation).map(({ name, type }) => [name, type]));
  return [
    ...sync.columns.flatMap((column, index) => ofColumn(column, index, types.get(column.name))),
    ...sync.indexes.flatMap(ofIndex),
    ...sync.constraints.map(
      ({ name, definition }, index): SyncQuestion => ({
        path: ['constraints', index, 'definition'],
        what: `the constraint '${name}'`,
        text: definition,
        column: null,
        sql: (table) => `alter table ${table} add constraint ${quoteName(name, 'postgres')} ${definition}`,
      }),
    ),
    ...sync.checks.map(
      ({ name, sql }, index): SyncQuestion => ({
        path: ['checks', index, 'sql'],
        what: `its check '${name}'`,
        text: sql,
        column: null,
        sql: (table) => `select 1 from (${sql.replaceAll(/\{\{\s*table\s*\}\}/g, () => table).replace(/;\s*$/, '')}) failing limit 1`,
      }),
    ),
  ];
}

/** Columns of the published table with their types in PostgreSQL, those that have one. */
export function tableColumns({ columns }: SyncFile, relation: readonly TypedColumn[]): readonly TypedColumn[] {
  const typeOf = (name: string): string | undefined => relation.find((column) => column.name === name)?.type;
  const made = (name: string, source: string | undefined, declared: string | null): readonly TypedColumn[] => {
    const type = source === undefined ? declared : (mapType(source, declared)?.type ?? null);
    return type === null ? [] : [{ name, type }];
  };
  if (columns.length === 0) return relation.flatMap(({ name, type }) => made(name, type, null));
  return columns.flatMap(({ name, from, type, fill }) =>
    fill === null ? made(name, typeOf(from ?? name), type) : [{ name, type: type ?? 'text' }],
  );
}

/** Columns that are none of the table's, under the names that the sync and its relation have for them, or whose type does not take their values. */
export function doubtfulColumns(sync: SyncFile, relation: readonly TypedColumn[]): readonly string[] {
  const made = tableColumns(sync, relation).map(({ name }) => name);
  return sync.columns.flatMap(({ name, from, type, fill }) => {
    const source = relation.find((column) => column.name === (from ?? name))?.type;
    if (!made.includes(name))
      return [name, ...relation.map((column) => column.name).filter((other) => closest(name, [other]) !== undefined)];
    return fill === null && type !== null && source !== undefined && postgresTakes(source, type) !== 'all' ? [name] : [];
  });
}

function ofColumn({ name, fill, default: fallback }: SyncColumn, index: number, type: string | undefined): readonly SyncQuestion[] {
  if (type === undefined) return [];
  return Object.entries({ fill, default: fallback }).flatMap(([key, text]): readonly SyncQuestion[] => {
    if (text === null || isWell(text, type)) return [];
    return [
      {
        path: ['columns', index, key],
        what: `the ${key} of '${name}'`,
        text,
        column: name,
        sql: (table) => `alter table ${table} alter column ${quoteName(name, 'postgres')} set default ${text}`,
      },
    ];
  });
}

/** What needs no asking. */
function isWell(text: string, type: string): boolean {
  const family = familyOf(type);
  if (/^\s*(?:now\(\)|current_timestamp)\s*$/i.test(text)) return family === 'time';
  if (/^\s*-?\d{1,4}\s*$/.test(text)) return family === 'integer' || family === 'number';
  return /^\s*(?:true|false)\s*$/i.test(text) && family === 'boolean';
}

function ofIndex(index: SyncIndex, nth: number): readonly SyncQuestion[] {
  const method = index.method.toLowerCase();
  const expressions = index.expressions.map(
    (text, at): SyncQuestion => ({
      path: ['indexes', nth, 'expressions', at],
      what: 'the expression of an index',
      text,
      column: null,
      sql: (table) => `create index on ${table} using ${method} (${text})`,
    }),
  );
  const { where } = index;
  if (where === null) return expressions;
  const condition = { path: ['indexes', nth, 'where'], what: `the 'where' of an index`, text: where, column: null };
  return [...expressions, { ...condition, sql: (table) => `create index on ${table} ((1)) where ${where}` }];
}
