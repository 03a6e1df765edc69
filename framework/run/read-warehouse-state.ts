import type { Warehouse } from '../connections/warehouse.ts';
import type { Manifest, ModelNode, NodeId, SeedNode } from '../manifest/manifest.ts';
import { parseComment, stagingDatabase } from '../plan/publication.ts';
import { type RelationState, relationKey, type WarehouseCapabilities, type WarehouseState } from '../plan/warehouse-state.ts';
import { readSeedColumns } from './read-seed-columns.ts';

/**
 * Reads what a plan has to know of the warehouse, for the given nodes: what stands under their names, what the server can do, and the
 * columns of seed files. Two queries, and one for every seed with undeclared types.
 */
export async function readWarehouseState(manifest: Manifest, nodes: readonly NodeId[], warehouse: Warehouse): Promise<WarehouseState> {
  const built = nodes.map((id) => manifest.nodes.get(id)).filter((node) => node?.kind === 'model' || node?.kind === 'seed');
  const databases = [...new Set(built.map(({ relation }) => relation.database))];
  const seeds = built.filter((node) => node.kind === 'seed');
  const seedColumns = new Map<NodeId, WarehouseState['seedColumns'] extends ReadonlyMap<NodeId, infer Columns> ? Columns : never>();
  for (const seed of seeds) seedColumns.set(seed.id, await readSeedColumns(seed, warehouse, manifest.projectDir));
  return {
    capabilities: await readCapabilities(warehouse),
    relations: await readRelations(warehouse, built.some(isView) ? [...databases, stagingDatabase] : databases),
    seedColumns,
  };
}

/** Views that feed tables are in the staging database. */
function isView({ config }: ModelNode | SeedNode): boolean {
  return config.materialized === 'materialized_view';
}

async function readRelations(warehouse: Warehouse, databases: readonly string[]): Promise<Map<string, RelationState>> {
  const rows = await warehouse.query<{ database: string; name: string; engine: string; comment: string }>(
    'select database, name, engine, comment from system.tables where database in ({databases:Array(String)})',
    { params: { databases } },
  );
  return new Map(
    rows.map(({ database, name, engine, comment }) => [
      relationKey({ database, name }),
      { kind: engine.endsWith('View') ? 'view' : 'table', engine, publication: parseComment(comment) },
    ]),
  );
}

async function readCapabilities(warehouse: Warehouse): Promise<WarehouseCapabilities> {
  const [row] = await warehouse.query<{ clone: number; fixed: string[] }>(
    `select
      (select count() from system.keywords where keyword = 'CLONE AS') as clone,
      (select groupArray(name) from system.databases where engine not in ('Atomic', 'Shared')) as fixed`,
  );
  return { cloneAs: Number(row?.clone) > 0, databasesWithoutExchange: new Set(row?.fixed), version: warehouse.version };
}
