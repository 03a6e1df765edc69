import { setTimeout as sleep } from 'node:timers/promises';
import { PostgresFault } from '../../connections/postgres.ts';
import { messageOf } from '../../foundation/error.ts';
import type { Log } from '../../foundation/log.ts';
import type { LeasedTask, Settlement } from '../queue/task.ts';
import type { EndedTask, TaskQueue, Wish } from '../queue/task-queue.ts';

export interface ExchangeLoopDeps {
  readonly queue: TaskQueue;
  /** Names this worker in the queue. */
  readonly worker: string;
  /** Tasks that the worker runs at once at most. */
  readonly slots: number;
  /** Flows to lease tasks of, with their lease. */
  readonly leases: ReadonlyMap<string, number>;
  /** Tasks of a flow that could start now. */
  readonly free: (flow: string) => number;
  /** Starts tasks that were leased, `askedMs` on the steady clock being no later than PostgreSQL leased them. */
  readonly onLeased: (tasks: readonly LeasedTask[], askedMs: number) => void;
  /** Attempts whose end is written, and those that came too late: their lease was another's. */
  readonly onWritten: (written: readonly Settled[], lost: readonly Settled[]) => void;
  readonly log: Log;
  /** How long until idle flows are asked for unasked. */
  readonly pollMs?: number;
}

/** An attempt that ended. */
export interface Settled extends EndedTask {
  readonly task: LeasedTask;
}

/** Ends that are written by themselves. */
interface Apart {
  readonly ended: readonly Settled[];
  /** What could be to blame has been taken out. */
  readonly isPlain: boolean;
}

const defaultPollMs = 7_000;
const firstWaitMs = 200;
const mostWaitMs = 5_000;

/** Exchanges under way at once: the second core of the database is of use to a worker that has much to do. */
const lanes = 2;
/** The share of the slots that must have ended for another exchange to begin beside one that is under way: small ones cost more for each task. */
const worthwhile = 1 / 4;

/**
 * The one place that ends and leases tasks: while an exchange is under way, attempts that end gather for the next. A flow that gave less
 * than it was asked for is not asked again until the queue tells of work, or the slow poll comes.
 */
export class ExchangeLoop {
  readonly #deps: ExchangeLoopDeps;
  readonly #slots: number;
  /** Flows that may have tasks that are due. */
  readonly #hungry: Set<string>;
  /** How often the queue has told of work, by flow. */
  readonly #told = new Map<string, number>();
  /** Slots that exchanges under way may fill, by flow. */
  readonly #reserved = new Map<string, number>();
  readonly #over = Promise.withResolvers<void>();
  #ended: Settled[] = [];
  /** Ends that PostgreSQL refused together: they are written apart from all others, in ever smaller groups. */
  #apart: Apart[] = [];
  #underWay = 0;
  #isLeasing = true;
  #isOver = false;
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;
  #isTurnAsked = false;

  constructor(deps: ExchangeLoopDeps) {
    this.#deps = deps;
    this.#slots = deps.slots;
    this.#hungry = new Set(deps.leases.keys());
  }

  /** Nothing is on its way to the queue, and no flow has given as much as it was asked for. */
  get isIdle(): boolean {
    return this.#unwritten === 0 && this.#underWay === 0 && this.#hungry.size === 0;
  }

  get #unwritten(): number {
    return this.#ended.length + this.#apart.reduce((sum, { ended }) => sum + ended.length, 0);
  }

  settle(task: LeasedTask, settlement: Settlement): void {
    this.#ended.push({ id: task.id, attempt: task.attempt, settlement, task });
    this.wake();
  }

  /** Tasks of a flow are due; of any where `*`. */
  tell(flow: string): void {
    for (const name of flow === '*' ? this.#deps.leases.keys() : [flow]) {
      if (!this.#deps.leases.has(name)) continue;
      this.#hungry.add(name);
      this.#told.set(name, this.#toldOf(name) + 1);
    }
    this.wake();
  }

  /** There is something to do: an attempt has ended, or a slot is free. Done with all that comes in the same turn of the event loop. */
  wake(): void {
    if (this.#isTurnAsked) return;
    this.#isTurnAsked = true;
    setImmediate(() => {
      this.#isTurnAsked = false;
      this.#turn();
    });
  }

  stopLeasing(): void {
    this.#isLeasing = false;
  }

  /** Runs until `finish`. Never rejects: while PostgreSQL is away, what has ended is kept. */
  async run(): Promise<void> {
    const everyMs = (this.#deps.pollMs ?? defaultPollMs) * (0.75 + Math.random() / 2); // so that many workers do not come at once
    const polling = setInterval(() => this.tell('*'), everyMs);
    this.wake();
    await this.#over.promise;
    clearInterval(polling);
    clearTimeout(this.#retry);
  }

  /** Ends the loop when all that has ended is written, or the signal aborts; gives back the number of attempts that are not. */
  async finish(signal: AbortSignal): Promise<number> {
    this.stopLeasing();
    while (!signal.aborted && (this.#unwritten > 0 || this.#underWay > 0)) await sleep(5);
    this.#isOver = true;
    this.#over.resolve();
    return this.#unwritten;
  }

  #toldOf(flow: string): number {
    return this.#told.get(flow) ?? 0;
  }

  #turn(): void {
    if (this.#isOver || this.#retry !== undefined || this.#underWay >= lanes) return;
    const apart = this.#apart.shift();
    if (apart !== undefined) {
      void this.#exchange(apart.ended, [], apart);
      return;
    }
    if (this.#underWay > 0 && this.#ended.length < this.#slots * worthwhile) return;
    const wishes = this.#wishes();
    if (this.#ended.length > 0 || wishes.length > 0) void this.#exchange(this.#ended.splice(0), wishes);
  }

  #wishes(): readonly Wish[] {
    if (!this.#isLeasing) return [];
    const wishes: Wish[] = [];
    for (const flow of this.#hungry) {
      const reserved = this.#reserved.get(flow) ?? 0;
      const limit = this.#deps.free(flow) - reserved;
      if (limit <= 0) continue;
      this.#reserved.set(flow, reserved + limit);
      wishes.push({ flow, limit, leaseMs: this.#deps.leases.get(flow) ?? 0 });
    }
    return wishes;
  }

  async #exchange(ended: readonly Settled[], wishes: readonly Wish[], apart?: Apart): Promise<void> {
    const { queue, worker, onLeased } = this.#deps;
    const toldBefore = new Map(wishes.map(({ flow }) => [flow, this.#toldOf(flow)]));
    const askedMs = performance.now();
    this.#underWay++;
    try {
      const { leased, lost } = await queue.exchange(ended, wishes, worker);
      this.#failures = 0;
      this.#tellWritten(ended, new Set(lost));
      this.#release(wishes);
      this.#calm(wishes, leased, toldBefore);
      if (leased.length > 0) onLeased(leased, askedMs);
    } catch (thrown) {
      this.#release(wishes);
      if (ended.length > 0 && isRefused(thrown)) this.#setApart(apart ?? { ended, isPlain: false }, thrown);
      else this.#keep(ended, thrown);
    } finally {
      this.#underWay--;
    }
    this.wake();
  }

  #tellWritten(ended: readonly Settled[], lost: ReadonlySet<string>): void {
    if (ended.length === 0) return;
    const late = lost.size === 0 ? [] : ended.filter(({ id }) => lost.has(id));
    this.#deps.onWritten(late.length === 0 ? ended : ended.filter(({ id }) => !lost.has(id)), late);
  }

  #release(wishes: readonly Wish[]): void {
    for (const { flow, limit } of wishes) this.#reserved.set(flow, (this.#reserved.get(flow) ?? 0) - limit);
  }

  /** A flow that gave less than was asked for has no more, unless the queue has told of more since. */
  #calm(wishes: readonly Wish[], leased: readonly LeasedTask[], toldBefore: ReadonlyMap<string, number>): void {
    const given = new Map<string, number>();
    for (const { flow } of leased) given.set(flow, (given.get(flow) ?? 0) + 1);
    for (const { flow, limit } of wishes) {
      if ((given.get(flow) ?? 0) < limit && toldBefore.get(flow) === this.#toldOf(flow)) this.#hungry.delete(flow);
    }
  }

  /** Halves what was refused until the one end that is to blame stands alone, which is then told in plain words. */
  #setApart({ ended, isPlain }: Apart, thrown: unknown): void {
    const [only, ...others] = ended;
    if (only === undefined) return;
    const middle = Math.ceil(ended.length / 2);
    if (others.length > 0) this.#apart.push({ ended: ended.slice(0, middle), isPlain }, { ended: ended.slice(middle), isPlain });
    else if (!isPlain) this.#apart.push({ ended: [{ ...only, settlement: inPlainWords(only.settlement) }], isPlain: true });
    else this.#deps.log.error({ task: only.id, reason: messageOf(thrown) }, 'the end of an attempt cannot be written, its lease runs out');
  }

  /** What has ended waits for PostgreSQL to come back. */
  #keep(ended: readonly Settled[], thrown: unknown): void {
    this.#ended = [...ended, ...this.#ended];
    this.#failures++;
    if (this.#failures === 1)
      this.#deps.log.warn({ reason: messageOf(thrown), waiting: this.#ended.length }, 'queue away, running tasks go on');
    clearTimeout(this.#retry);
    const waitMs = Math.min(mostWaitMs, firstWaitMs * 2 ** Math.min(this.#failures - 1, 10)) * (0.5 + Math.random() / 2);
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.wake();
    }, waitMs);
  }
}

/** For what is in it (class 22: data, 23: constraints), so that it is refused again and again. */
function isRefused(thrown: unknown): boolean {
  const { cause } = thrown instanceof Error ? thrown : {};
  return cause instanceof PostgresFault && /^2[23]/.test(cause.sqlState ?? '');
}

/** An end without the texts that came with it. */
function inPlainWords(settlement: Settlement): Settlement {
  switch (settlement.kind) {
    case 'failed':
    case 'refused':
      return { ...settlement, error: { ...settlement.error, message: 'PostgreSQL does not take what went wrong.', place: null } };
    case 'returned':
      return { ...settlement, reason: 'PostgreSQL does not take the reason.' };
    case 'complete':
      return settlement;
  }
}
