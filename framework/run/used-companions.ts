import type { Warehouse } from '../connections/warehouse.ts';
import { isCompanion, stagingDatabase } from '../plan/publication.ts';
import type { StagingTable } from './staging-tables.ts';

/**
 * The publications whose companions some relation of the server uses, whichever database it is in. Read twice, because an exchange
 * between two databases may hide a relation from one reading.
 */
export async function readUsedCompanions(seen: readonly StagingTable[], warehouse: Warehouse): Promise<ReadonlySet<string>> {
  if (!seen.some(({ name }) => name !== null && isCompanion(name))) return new Set();
  const used = [...(await readUsed(warehouse)), ...(await readUsed(warehouse))];
  return new Set(used);
}

async function readUsed(warehouse: Warehouse): Promise<string[]> {
  const rows = await warehouse.query<{ publication: string }>(
    `select distinct JSONExtractString(comment, 'gccflow', 'companions') as publication
from system.tables
where startsWith(comment, '{"gccflow":') and publication != '' and not (database = '${stagingDatabase}' and match(name, '__(rows|trigger)$'))`,
  );
  return rows.map(({ publication }) => publication);
}

/** Whether a view is there that fills the table. Its rows go a run later than that view: an insert may still be at it, and would fail. */
export function isFed({ name }: StagingTable, seen: readonly StagingTable[]): boolean {
  if (name?.purpose !== 'rows') return false;
  return seen.some((other) => other.name?.purpose === 'trigger' && other.name.publication === name.publication);
}
