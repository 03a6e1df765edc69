import type { Warehouse } from '../connections/warehouse.ts';
import type { Relation } from '../manifest/relation.ts';
import { relationKey } from '../plan/warehouse-state.ts';

/** Those of the relations that stand in the warehouse, by `relationKey`. One query. */
export async function readExisting(relations: readonly Relation[], warehouse: Warehouse): Promise<ReadonlySet<string>> {
  const wanted = new Set(relations.map(relationKey));
  if (wanted.size === 0) return wanted;
  const rows = await warehouse.query<Relation>(
    'select database, name from system.tables where database in ({databases:Array(String)}) and name in ({names:Array(String)})',
    { params: { databases: distinct(relations, 'database'), names: distinct(relations, 'name') } },
  );
  return wanted.intersection(new Set(rows.map(relationKey)));
}

function distinct(relations: readonly Relation[], part: keyof Relation): string[] {
  return [...new Set(relations.map((relation) => relation[part]))];
}
