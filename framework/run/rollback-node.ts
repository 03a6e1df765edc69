import type { Warehouse } from '../connections/warehouse.ts';
import type { Clock } from '../foundation/clock.ts';
import { GccflowError } from '../foundation/error.ts';
import type { Log } from '../foundation/log.ts';
import type { ModelNode, SeedNode } from '../manifest/manifest.ts';
import { relationSql } from '../manifest/relation.ts';
import { stagingPrefix, stagingRelation } from '../plan/publication.ts';
import { relationKey } from '../plan/warehouse-state.ts';
import { takeLease } from './lease.ts';
import { createLedger, writeLedger } from './ledger.ts';
import { readLiveVersion } from './live-version.ts';
import { newId } from './new-id.ts';
import { NodeStatements } from './node-statements.ts';
import { createStagingDatabase, isReplacedVersion, readStagingTables, type StagingTable } from './staging-tables.ts';

export interface RollbackDeps {
  readonly warehouse: Warehouse;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly waitLockMs: number;
}

export interface RollbackOutcome {
  /** The publication that is live again; null where a table was restored that gccflow had not published. */
  readonly publication: string | null;
  /** What was live until now; kept, so that another rollback brings it back. */
  readonly replaced: string | null;
}

/**
 * Puts the previous version of a node in its place again: an exchange, so the rolled-back version is kept in turn.
 * Throws ROLLBACK_IMPOSSIBLE where none is kept, and RUN_LOCKED.
 */
export async function rollbackNode(node: ModelNode | SeedNode, deps: RollbackDeps): Promise<RollbackOutcome> {
  const { warehouse, clock, signal } = deps;
  const { relation } = node;
  const id = newId(clock);
  await createStagingDatabase(warehouse);
  const claims = [{ node: node.id, key: relationKey(relation) }];
  await using lease = await takeLease({ run: id, command: 'rollback', claims, waitMs: deps.waitLockMs }, deps);
  const previous = await readPreviousVersion(node, warehouse);

  const statements = new NodeStatements({ warehouse, node: node.id, signal });
  const live = await readLiveVersion(statements, relation);
  // Under a name of its own first: what the exchange leaves there is then told from a stage, as after any publication.
  const held = stagingRelation(relation, id);
  await statements.execute(`rename table ${relationSql(previous.relation)} to ${relationSql(held)}`);
  const [from, to] = [relationSql(held), relationSql(relation)];
  await lease.confirm();
  await statements.execute(live === null ? `rename table ${from} to ${to}` : `exchange tables ${from} and ${to}`);

  const now = clock.now();
  await createLedger(warehouse);
  await writeLedger(new NodeStatements({ warehouse, node: node.id }), [
    {
      publication: previous.publication?.publication ?? '',
      node: node.id,
      relation,
      run: id,
      event: 'rolled back',
      mode: 'rollback',
      fingerprint: previous.publication?.fingerprint ?? null,
      startedAt: now,
      publishedAt: now,
      rowsWritten: 0,
      costs: statements.ran,
    },
  ]);
  return { publication: previous.publication?.publication ?? null, replaced: live?.publication?.publication ?? null };
}

/** The version that was replaced last. */
async function readPreviousVersion({ name, relation }: ModelNode | SeedNode, warehouse: Warehouse): Promise<StagingTable> {
  const prefix = stagingPrefix(relation);
  const versions = (await readStagingTables(warehouse)).filter((table) => table.name?.prefix === prefix && isReplacedVersion(table));
  const newest = versions.toSorted((a, b) => ((a.name?.publication ?? '') < (b.name?.publication ?? '') ? 1 : -1))[0];
  if (newest) return newest;
  throw new GccflowError('ROLLBACK_IMPOSSIBLE', `No previous version of '${name}' is kept. ${relationSql(relation)} is as it was.`, {
    hint: `'retain' in its config says how many versions are kept; the first is there after the second publication.`,
  });
}
