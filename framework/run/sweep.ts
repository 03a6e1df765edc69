import type { Warehouse } from '../connections/warehouse.ts';
import type { Clock } from '../foundation/clock.ts';
import type { Log } from '../foundation/log.ts';
import type { Relation } from '../manifest/relation.ts';
import { isCompanion, stagingPrefix } from '../plan/publication.ts';
import { deadLeases, liveLeases } from './lease.ts';
import { NodeStatements } from './node-statements.ts';
import { dropOwn, isReplacedVersion, readStagingTables, type StagingTable } from './staging-tables.ts';
import { isFed, readUsedCompanions } from './used-companions.ts';

/** Previous versions of relations, newest first, by the beginning of their names. Foreign tables are not among them: those are never dropped. */
export type KeptVersions = Map<string, Relation[]>;

/**
 * Drops what dead runs left in the staging database: stages, scratch tables and leases, told by name and comment alone. A stage held for
 * a look goes when its relation is built again, and what a relation goes on using when no version of it is there any more.
 * Gives back the previous versions that are kept.
 */
export async function sweep(built: readonly Relation[], deps: { warehouse: Warehouse; clock: Clock; log: Log }): Promise<KeptVersions> {
  const { warehouse, clock, log } = deps;
  const seen = await readStagingTables(warehouse);
  const alive = new Set(liveLeases(seen, clock).map(({ run }) => run));
  const rebuilt = new Set(built.map(stagingPrefix));
  const used = await readUsedCompanions(seen, warehouse);
  const isLeftOver = (table: StagingTable): boolean => {
    const { name, publication } = table;
    if (name === null || publication === null || isReplacedVersion(table) || alive.has(publication.run)) return false;
    if (isCompanion(name)) return !used.has(name.publication) && !isFed(table, seen);
    return publication.state !== 'held' || rebuilt.has(name.prefix);
  };
  if (!seen.some(isLeftOver)) return dropDead(deadLeases(seen, clock), seen);

  // A run may have published and ended between its stage being listed and its lease being missed; what is left of it now stays as it is.
  const now = await readStagingTables(warehouse);
  return dropDead([...now.filter(isLeftOver), ...deadLeases(seen, clock)], now);

  async function dropDead(dead: readonly StagingTable[], tables: readonly StagingTable[]): Promise<KeptVersions> {
    const statements = new NodeStatements({ warehouse, node: 'gccflow' });
    for (const { relation } of dead) {
      await dropOwn(statements, relation);
      log.info({ table: relation.name }, 'left-over table dropped');
    }
    return keptVersions(tables);
  }
}

export function keptVersions(tables: readonly StagingTable[]): KeptVersions {
  const kept: KeptVersions = new Map();
  const replaced = tables.filter((table) => isReplacedVersion(table) && table.publication !== null);
  for (const { name, relation } of replaced.toSorted((a, b) => (publicationOf(a) < publicationOf(b) ? 1 : -1))) {
    const prefix = name?.prefix ?? '';
    kept.set(prefix, [...(kept.get(prefix) ?? []), relation]);
  }
  return kept;
}

function publicationOf({ name }: StagingTable): string {
  return name?.publication ?? '';
}
