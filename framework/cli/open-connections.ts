import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Broker } from '../connections/broker.ts';
import { holderOf } from '../connections/embedded-holder.ts';
import type { ObjectStore } from '../connections/objects.ts';
import type { Postgres } from '../connections/postgres.ts';
import type { Warehouse } from '../connections/warehouse.ts';
import { GccflowError } from '../foundation/error.ts';
import type { Log } from '../foundation/log.ts';
import type { Project } from '../project/project.ts';

export interface ConnectionOptions {
  /** Statements and connections at once. */
  readonly threads: number;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** How long to wait for another process that holds the embedded warehouse. */
  readonly waitLockMs: number;
}

/** Where syncs publish to. */
export interface SyncConnections {
  readonly postgres: Postgres;
  readonly objects: ObjectStore;
}

export interface Connections extends AsyncDisposable {
  readonly warehouse: Warehouse;
  /** null where no sync is going to run. */
  readonly syncs: SyncConnections | null;
}

const heldPollMs = 250;
/** Opening is tried again after this long even where the holder seems to live: its number may be another process's by now. */
const tryAgainMs = 5000;

/** Opens what a run needs of the target, all at once. If one fails to open, those already open are closed again. */
export async function openConnections(
  project: Project,
  options: ConnectionOptions & { readonly withSyncs: boolean },
): Promise<Connections> {
  await using opening = new AsyncDisposableStack();
  const [warehouse, syncs] = await allOpen(opening, [
    openTargetWarehouse(project, options),
    options.withSyncs ? openSyncConnections(project, options) : Promise.resolve(null),
  ]);
  const open = opening.move();
  return { warehouse, syncs, [Symbol.asyncDispose]: () => open.disposeAsync() };
}

/** Opens the target's ClickHouse. An embedded one that another process holds is waited for as for any lock, then WAREHOUSE_HELD. */
export async function openTargetWarehouse(project: Project, { threads, log, signal, waitLockMs }: ConnectionOptions): Promise<Warehouse> {
  const { openWarehouse } = await import('../connections/open-warehouse.ts');
  const deadline = performance.now() + waitLockMs;
  for (let tries = 0; ; tries++) {
    try {
      return await openWarehouse(project.target.warehouse, { projectDir: project.dir, sessions: threads + 2, log, signal });
    } catch (thrown) {
      const held = thrown instanceof GccflowError && thrown.code === 'WAREHOUSE_HELD';
      if (!held || performance.now() >= deadline) throw thrown;
      if (tries === 0) log.warn({ reason: thrown.message }, 'waited for the embedded warehouse');
      await untilReleased(project, Math.min(deadline, performance.now() + tryAgainMs), signal);
    }
  }
}

/** Waits for the holder's end without opening: a refused opening makes the engine write to stderr by itself. */
async function untilReleased({ dir, target }: Project, deadline: number, signal: AbortSignal): Promise<void> {
  if (target.warehouse.type !== 'embedded') return;
  const path = resolve(dir, target.warehouse.path);
  do await sleep(heldPollMs, undefined, { signal });
  while (performance.now() < deadline && (await holderOf(path)) !== null);
}

export async function openTargetPostgres(
  project: Project,
  { threads, log, signal }: Pick<ConnectionOptions, 'threads' | 'log'> & Partial<Pick<ConnectionOptions, 'signal'>>,
): Promise<Postgres> {
  const { openPostgres } = await import('../connections/open-postgres.ts');
  return openPostgres(project.target.postgres, {
    projectDir: project.dir,
    maxConnections: threads * 3 + 2,
    log,
    ...(signal && { signal }),
  });
}

/** Opens the target's broker, which lives no longer than the command. */
export async function openTargetBroker(
  { dir, target }: Project,
  { log, signal }: Pick<ConnectionOptions, 'log' | 'signal'>,
): Promise<Broker> {
  const { openBroker } = await import('../connections/open-broker.ts');
  return openBroker(target.broker, { projectDir: dir, postgres: target.postgres, log, signal });
}

async function openSyncConnections(project: Project, options: ConnectionOptions): Promise<SyncConnections & AsyncDisposable> {
  const { openObjects } = await import('../connections/open-objects.ts');
  await using opening = new AsyncDisposableStack();
  const [postgres, objects] = await allOpen(opening, [
    openTargetPostgres(project, options),
    openObjects(project.target.objects, { projectDir: project.dir }),
  ]);
  const open = opening.move();
  return { postgres, objects, [Symbol.asyncDispose]: () => open.disposeAsync() };
}

/** Waits for all; what opened goes on the stack even where another failed. Throws the first failure. */
async function allOpen<const Opened extends readonly (AsyncDisposable | null)[]>(
  stack: AsyncDisposableStack,
  opening: { readonly [Index in keyof Opened]: Promise<Opened[Index]> },
): Promise<Opened> {
  const settled = await Promise.allSettled(opening);
  for (const result of settled) if (result.status === 'fulfilled') stack.use(result.value);
  const failure = settled.find((result) => result.status === 'rejected');
  if (failure) throw failure.reason;
  return settled.map((result) => (result.status === 'fulfilled' ? result.value : null)) as unknown as Opened;
}
