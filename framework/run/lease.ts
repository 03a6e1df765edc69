import { setTimeout as sleep } from 'node:timers/promises';
import type { Warehouse } from '../connections/warehouse.ts';
import type { Clock } from '../foundation/clock.ts';
import { formatDuration } from '../foundation/duration.ts';
import { GccflowError, messageOf } from '../foundation/error.ts';
import type { Log } from '../foundation/log.ts';
import { quoteText } from '../foundation/quote.ts';
import type { NodeId } from '../manifest/manifest.ts';
import { relationSql } from '../manifest/relation.ts';
import { shortHash, stagingDatabase } from '../plan/publication.ts';
import { faultOf, NodeStatements } from './node-statements.ts';
import { isRunning, type ProcessIdentity, thisProcess } from './process-identity.ts';
import type { StagingTable } from './staging-tables.ts';
import { readStagingTables } from './staging-tables.ts';

/** A run's claim on the nodes it writes. It ends with the run, and with the run's process. */
export interface Lease {
  readonly run: string;
  readonly command: string;
  readonly holder: ProcessIdentity;
  /** Hashes of what is claimed: ten thousand of them fit into a comment. */
  readonly claims: readonly string[];
  readonly since: number;
  readonly expires: number;
  /** `asking`: created, not yet sure that no other holds a node of it. */
  readonly state: 'asking' | 'held';
}

export interface LeaseRequest {
  readonly run: string;
  readonly command: string;
  readonly claims: readonly Claim[];
  /** How long to wait for another run; 0 refuses at once. */
  readonly waitMs: number;
  readonly onWait?: (holder: Lease) => void;
}

/** One thing that two runs must not write at once. */
export interface Claim {
  readonly node: NodeId;
  /** What is written, told apart from what other projects and targets write. */
  readonly key: string;
}

export interface LeaseDeps {
  readonly warehouse: Warehouse;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** A lease that is held; disposing it gives the nodes free. `waited`: others may have published in the meantime. */
export interface HeldLease extends AsyncDisposable {
  readonly waited: boolean;
  /** Aborts, with RUN_LOCKED as its reason, when the lease is held no longer: whatever is not published by then must not be. */
  readonly lost: AbortSignal;
  /** Makes sure, right before a publication, that the lease is still held. Throws RUN_LOCKED. */
  confirm(): Promise<void>;
}

const leaseMs = 60_000;
const heartbeatMs = 15_000;
const pollMs = 250;
/** Two runs that ask in the same moment both step back; this long they try again before one is refused. */
const contendMs = 3_000;

/**
 * Holds the nodes for this run. Creating the lease's table under a name of its own and then looking for others is the test-and-set: of
 * two runs at least the later one sees the other, so two never hold one node. Throws RUN_LOCKED when `waitMs` is over.
 */
export async function takeLease(request: LeaseRequest, deps: LeaseDeps): Promise<HeldLease> {
  const { clock, signal } = deps;
  const begun = clock.now().getTime();
  const wanted = new Map(request.claims.map(({ node, key }) => [shortHash(key), node]));
  for (let waited = false; ; waited = true) {
    await using asking = new AsyncDisposableStack();
    const lease = leaseOf(request, [...wanted.keys()], clock);
    await createLease(deps.warehouse, lease);
    asking.defer(() => dropLease(deps, lease.run));
    const holder = await findHolder(deps, lease);
    if (holder === null) {
      await writeLease(deps.warehouse, { ...lease, state: 'held' });
      const held = asking.use(new RenewedLease(lease, deps));
      const release = asking.move();
      return { waited, lost: held.lost, confirm: () => held.confirm(), [Symbol.asyncDispose]: () => release.disposeAsync() };
    }
    const waitedMs = clock.now().getTime() - begun;
    const patienceMs = holder.state === 'asking' ? Math.max(request.waitMs, contendMs) : request.waitMs;
    if (waitedMs >= patienceMs) throw locked(holder, wanted, clock);
    if (!waited) request.onWait?.(holder);
    await asking.disposeAsync();
    await sleep(pollMs * (0.5 + Math.random()), undefined, { signal });
  }
}

/** The runs that are alive, by their leases. */
export function liveLeases(tables: readonly StagingTable[], clock: Clock): Lease[] {
  return tables.flatMap((table) => {
    const lease = parseLease(table);
    return lease && isAlive(lease, clock) ? [lease] : [];
  });
}

/** Lease tables whose run is gone. */
export function deadLeases(tables: readonly StagingTable[], clock: Clock): StagingTable[] {
  return tables.filter((table) => {
    const lease = parseLease(table);
    return lease !== null && !isAlive(lease, clock);
  });
}

function isAlive(lease: Lease, clock: Clock): boolean {
  return isRunning(lease.holder) ?? lease.expires > clock.now().getTime();
}

async function findHolder({ warehouse, clock }: LeaseDeps, own: Lease): Promise<Lease | null> {
  const wanted = new Set(own.claims);
  const others = liveLeases(await readStagingTables(warehouse), clock).filter(({ run }) => run !== own.run);
  return others.find(({ claims }) => claims.some((claim) => wanted.has(claim))) ?? null;
}

function leaseOf({ run, command }: LeaseRequest, claims: readonly string[], clock: Clock): Lease {
  const now = clock.now().getTime();
  return { run, command, holder: thisProcess(), claims, since: now, expires: now + leaseMs, state: 'asking' };
}

/** Renews a lease while it is held, and knows when it is lost: its table is gone, or it ran out and another run has it now. */
class RenewedLease implements AsyncDisposable {
  readonly #lease: Lease;
  readonly #deps: LeaseDeps;
  readonly #losing = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #expires: number;
  #beating: Promise<void> = Promise.resolve();

  constructor(lease: Lease, deps: LeaseDeps) {
    this.#lease = lease;
    this.#deps = deps;
    this.#expires = lease.expires;
    this.#timer = setInterval(() => {
      this.#beating = this.#beat();
    }, heartbeatMs).unref();
  }

  get lost(): AbortSignal {
    return this.#losing.signal;
  }

  async confirm(): Promise<void> {
    const { warehouse } = this.#deps;
    this.lost.throwIfAborted();
    if (this.#isOver()) await this.#renew();
    const statements = new NodeStatements({ warehouse, node: 'gccflow' });
    const [row] = await statements.query<{ result: number }>(`exists table ${leaseRelation(this.#lease.run)}`);
    if (!Number(row?.result)) this.#lose('its entry in the warehouse is gone');
    this.lost.throwIfAborted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#beating;
  }

  async #beat(): Promise<void> {
    try {
      await this.#renew();
    } catch (thrown) {
      this.#deps.log.warn({ run: this.#lease.run, error: messageOf(thrown) }, 'lease not renewed');
      if (faultOf(thrown)?.code === unknownTable) this.#lose('its entry in the warehouse is gone');
      else if (this.#isOver()) this.#lose('it could not be renewed in time');
    }
  }

  /** A lease that ran out is ours again where nobody took it: renewed first and looked around after, as when it was taken. */
  async #renew(): Promise<void> {
    const wasOver = this.#isOver();
    const expires = this.#deps.clock.now().getTime() + leaseMs;
    await writeLease(this.#deps.warehouse, { ...this.#lease, state: 'held', expires });
    if (wasOver && (await findHolder(this.#deps, this.#lease)) !== null) this.#lose('it ran out, and another run holds its nodes now');
    else this.#expires = expires;
  }

  #isOver(): boolean {
    return this.#deps.clock.now().getTime() >= this.#expires;
  }

  #lose(why: string): void {
    const message = `The run ${this.#lease.run} has lost its hold on its nodes: ${why}. Nothing is published any more.`;
    this.#losing.abort(new GccflowError('RUN_LOCKED', message, { hint: 'Run the same command again.' }));
  }
}

/** ClickHouse's UNKNOWN_TABLE. */
const unknownTable = 60;

function leaseRelation(run: string): string {
  return relationSql({ database: stagingDatabase, name: `lease__${run.replaceAll('-', '')}` });
}

async function createLease(warehouse: Warehouse, lease: Lease): Promise<void> {
  await warehouse.execute(`create table ${leaseRelation(lease.run)} (nothing UInt8) engine = Null comment ${leaseComment(lease)}`);
}

async function writeLease(warehouse: Warehouse, lease: Lease): Promise<void> {
  await warehouse.execute(`alter table ${leaseRelation(lease.run)} modify comment ${leaseComment(lease)}`);
}

async function dropLease({ warehouse, log }: LeaseDeps, run: string): Promise<void> {
  try {
    await warehouse.execute(`drop table if exists ${leaseRelation(run)}`);
  } catch (thrown) {
    const late = thrown instanceof GccflowError && thrown.code === 'CANCELLED'; // a statement took all the time there was to stop
    if (faultOf(thrown) === null && !late) throw thrown;
    log.warn({ run, error: messageOf(thrown) }, 'lease not dropped; it expires by itself');
  }
}

function leaseComment(lease: Lease): string {
  return quoteText(JSON.stringify({ lease }), 'clickhouse');
}

function parseLease({ relation, comment }: StagingTable): Lease | null {
  if (!relation.name.startsWith('lease__')) return null;
  try {
    return (JSON.parse(comment) as { lease: Lease }).lease;
  } catch {
    return null;
  }
}

function locked(holder: Lease, wanted: ReadonlyMap<string, NodeId>, clock: Clock): GccflowError {
  const shared = holder.claims.flatMap((claim) => wanted.get(claim) ?? []);
  const names = shared.slice(0, 3).map((node) => `'${node}'`);
  const more = shared.length > 3 ? ` and ${shared.length - 3} more` : '';
  const since = formatDuration(clock.now().getTime() - holder.since);
  return new GccflowError(
    'RUN_LOCKED',
    `The run ${holder.run} (gccflow ${holder.command}, process ${holder.holder.pid} on ${holder.holder.host}) has held ${names.join(', ')}${more} for ${since}. Nothing was run.`,
    { hint: 'Wait for it with --wait-lock 10m.' },
  );
}
