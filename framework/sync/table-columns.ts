import type { Warehouse } from '../connections/warehouse.ts';
import { didYouMean } from '../foundation/closest.ts';
import { GccflowError } from '../foundation/error.ts';
import { quoteName } from '../foundation/quote.ts';
import { type Relation, relationSql } from '../manifest/relation.ts';
import type { SyncColumn, SyncFile } from '../project/sync-file.ts';
import { mapType } from './map-type.ts';

/** A column of the published table. */
export interface TableColumn {
  readonly name: string;
  /** PostgreSQL type. */
  readonly type: string;
  readonly notNull: boolean;
  readonly default: string | null;
  readonly description: string;
  /** How the export renders it; null for a column that PostgreSQL fills. */
  readonly source: ColumnSource | null;
  /** PostgreSQL expression of a column that the export does not hold. */
  readonly fill: string | null;
}

export interface ColumnSource {
  readonly column: string;
  readonly clickHouseType: string;
  readonly copySql: string;
  readonly jsonSql: string;
}

/** A column of a relation as ClickHouse describes it. */
export interface RelationColumn {
  readonly name: string;
  readonly type: string;
}

export function describeRelation(warehouse: Warehouse, from: Relation): Promise<RelationColumn[]> {
  return warehouse.query<RelationColumn>(`describe table ${relationSql(from)}`);
}

/** The columns a sync publishes, in order. Throws SYNC_COLUMN_MISSING and SYNC_TYPE_UNSUPPORTED before anything is touched. */
export function resolveColumns(sync: SyncFile, from: Relation, relation: readonly RelationColumn[]): TableColumn[] {
  const types = new Map(relation.map(({ name, type }) => [name, type]));
  if (sync.columns.length === 0) return relation.map(({ name, type }) => exportedColumn(sync, plainColumn(name), name, type));
  return sync.columns.map((column) => {
    if (column.fill !== null) return filledColumn(column, column.fill);
    const source = column.from ?? column.name;
    const type = types.get(source);
    if (type === undefined) throw missingColumn(sync, from, source, types.keys());
    return exportedColumn(sync, column, source, type);
  });
}

function plainColumn(name: string): SyncColumn {
  return { name, from: null, type: null, fill: null, default: null, not_null: null, description: '' };
}

function exportedColumn(sync: SyncFile, column: SyncColumn, source: string, clickHouseType: string): TableColumn {
  const mapped = mapType(clickHouseType, column.type);
  if (mapped === null) {
    throw new GccflowError('SYNC_TYPE_UNSUPPORTED', `Sync '${sync.name}' cannot publish column '${source}' of type ${clickHouseType}.`, {
      hint: 'Cast or finalize it in the model, or leave the column out of `columns`.',
    });
  }
  const quoted = quoteName(source, 'clickhouse');
  return {
    name: column.name,
    type: mapped.type,
    notNull: column.not_null ?? !mapped.nullable,
    default: column.default,
    description: column.description,
    source: { column: source, clickHouseType, copySql: mapped.copySql(quoted), jsonSql: mapped.jsonSql(quoted) },
    fill: null,
  };
}

function filledColumn(column: SyncColumn, fill: string): TableColumn {
  const { name, type, not_null, description } = column;
  return { name, type: type ?? 'text', notNull: not_null ?? false, default: column.default, description, source: null, fill };
}

function missingColumn(sync: SyncFile, from: Relation, name: string, known: Iterable<string>): GccflowError {
  const names = [...known];
  return new GccflowError(
    'SYNC_COLUMN_MISSING',
    `Sync '${sync.name}' names column '${name}', which ${from.database}.${from.name} does not have.`,
    {
      hint: didYouMean(name, names) ?? `It has ${names.join(', ')}.`,
    },
  );
}
