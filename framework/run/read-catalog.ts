import type { Warehouse } from '../connections/warehouse.ts';
import type { NodeId } from '../manifest/manifest.ts';
import { parseComment } from '../plan/publication.ts';
import { relationKey } from '../plan/warehouse-state.ts';
import type { Catalog, CatalogColumn, CatalogNode, CatalogTable } from './catalog.ts';
import { NodeStatements } from './node-statements.ts';

/** Reads what stands under the names of nodes: two queries, however many there are. */
export async function readCatalog(
  nodes: readonly CatalogNode[],
  { warehouse, signal }: { readonly warehouse: Warehouse; readonly signal: AbortSignal },
): Promise<Catalog> {
  const statements = new NodeStatements({ warehouse, node: 'gccflow', signal });
  const databases = [...new Set(nodes.map(({ relation }) => relation.database))];
  const names = [...new Set(nodes.map(({ relation }) => relation.name))];
  const [tableRows, columnRows] = await Promise.all([
    statements.query<TableRow>(tablesSql, {}, { databases, names }),
    statements.query<ColumnRow>(columnsSql, {}, { databases, names }),
  ]);
  const columns = Map.groupBy(columnRows, ({ database, relation }) => relationKey({ database, name: relation }));
  const byKey = new Map(tableRows.map((row) => [relationKey(row), tableOf(row, columns.get(relationKey(row)) ?? [])]));
  const tables = new Map<NodeId, CatalogTable>();
  for (const { id, relation } of nodes) {
    const table = byKey.get(relationKey(relation));
    if (table) tables.set(id, table);
  }
  return { tables, missing: nodes.map(({ id }) => id).filter((id) => !tables.has(id)) };
}

interface TableRow {
  readonly database: string;
  readonly name: string;
  readonly engine: string;
  readonly comment: string;
  readonly total_rows: string | null;
  readonly total_bytes: string | null;
}

interface ColumnRow {
  readonly database: string;
  readonly relation: string;
  readonly name: string;
  readonly type: string;
  readonly position: string;
  readonly comment: string;
}

const tablesSql = `select database, name, engine, comment, total_rows, total_bytes from system.tables
where database in ({databases:Array(String)}) and name in ({names:Array(String)})`;

const columnsSql = `select database, table as relation, name, type, position, comment from system.columns
where database in ({databases:Array(String)}) and table in ({names:Array(String)})
order by database, table, position`;

/** The comment of a published table is gccflow's own note, and none for readers. */
function tableOf({ engine, comment, total_rows: rows, total_bytes: bytes }: TableRow, columns: readonly ColumnRow[]): CatalogTable {
  return {
    kind: engine.endsWith('View') ? 'view' : 'table',
    engine,
    comment: parseComment(comment) ? '' : comment,
    rows: rows === null ? null : Number(rows),
    bytes: bytes === null ? null : Number(bytes),
    columns: columns.map(columnOf),
  };
}

function columnOf({ name, type, position, comment }: ColumnRow): CatalogColumn {
  return { name, type, position: Number(position), comment };
}
