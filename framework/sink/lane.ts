import { setTimeout as sleep } from 'node:timers/promises';
import type { Broker, Delivery } from '../connections/broker.ts';
import { GccflowError, messageOf } from '../foundation/error.ts';
import type { Log } from '../foundation/log.ts';
import type { SinkNode } from '../manifest/manifest.ts';
import { backoffMs } from './backoff.ts';
import { Batches } from './batches.ts';
import { Capacity } from './capacity.ts';
import { DestinationHealth } from './destination-health.ts';
import type { Entry } from './entry.ts';
import { type Failure, originalOf } from './failed-message.ts';
import type { Failures } from './failures.ts';
import { ackHeld, type Held, type HeldDelivery, type Hold } from './held.ts';
import { Intake } from './intake.ts';
import type { RecentIds } from './recent-ids.ts';
import { RowMistake } from './row-mistake.ts';
import type { SinkCounts } from './sink-counts.ts';
import { Store } from './store.ts';
import type { SuspectJournal } from './suspect-journal.ts';
import { Suspects } from './suspects.ts';
import { unlessAborted } from './unless-aborted.ts';
import type { Writer } from './writer.ts';

export interface LaneDeps {
  readonly broker: Pick<Broker, 'consume'>;
  readonly writer: Writer;
  /** Throws `RowMistake`. */
  readonly makeEntry: (delivery: Delivery) => Entry;
  readonly failures: Failures;
  readonly recent: RecentIds;
  readonly journal: SuspectJournal;
  readonly counts: SinkCounts;
  readonly log: Log;
  /** Aborted, what is not stored yet goes back to the queue. */
  readonly signal: AbortSignal;
  readonly giveBackMs: number;
}

/** A delivery that ended so many processes while it was handled alone is given up. */
const poisonAt = 3;
/** Batches of `max_bytes` that wait at most: deliveries may be larger than the capacity, which counts them, was meant for. */
const mostFullBatches = 8;
/** What a consumer holds at most which writes one delivery after the other: all of the largest bodies that a sink takes unless it says otherwise. */
const direct = { mostDeliveries: 8, mostBytes: 8_000_000 } as const;

/**
 * Deliveries of some consumers on their way into the destination, one batch after the other: while one is stored, the next fills.
 * A buffered sink is one lane for all of its consumers, a direct one a lane for each, with batches of one.
 */
export class Lane {
  readonly #node: SinkNode;
  readonly #deps: LaneDeps;
  readonly #batches: Batches;
  readonly #intake: Intake;
  readonly #store: Store;
  readonly #health: DestinationHealth;
  readonly #abandon = new AbortController();
  readonly #stop = new AbortController();
  /** Aborted when the lane is to stop, or to end at once. */
  readonly #ending: AbortSignal;
  /** Of all its consumers together. */
  readonly #capacity: Capacity;
  /** Set while nothing more is taken before what waits is stored: resolves when nothing more comes. */
  #emptying: Promise<void> | null = null;
  readonly #suspects = new Suspects();
  #storing: readonly Held[] = [];
  #wake: (() => void) | null = null;

  constructor(node: SinkNode, deps: LaneDeps) {
    const { buffer, consumers, queue, deduplicate_by } = node.sink;
    const { broker, writer, log, signal, giveBackMs } = deps;
    this.#node = node;
    this.#deps = deps;
    this.#ending = AbortSignal.any([signal, this.#stop.signal]);
    this.#health = new DestinationHealth(log);
    const most = buffer ? { mostDeliveries: buffer.capacity, mostBytes: buffer.max_bytes * mostFullBatches } : direct;
    const ownConsumers = buffer ? consumers : 1;
    this.#capacity = new Capacity({ ...most, leastDeliveries: ownConsumers, log });
    this.#batches = new Batches({
      maxRows: buffer?.max_rows ?? 1,
      mostRows: buffer ? Math.floor(buffer.capacity / 2) : 1,
      maxBytes: buffer?.max_bytes ?? 1,
      maxWaitMs: buffer?.max_wait ?? 0,
    });
    this.#intake = new Intake(broker, {
      queue: queue.name,
      consumers: ownConsumers,
      prefetch: () => Math.max(1, Math.floor(this.#capacity.deliveries / ownConsumers)),
      onDelivery: (delivery, hold) => this.#take(delivery, hold),
      onLost: (hold, reason) => this.#lose(hold, reason),
    });
    this.#store = new Store({
      writer,
      deduplicates: deduplicate_by !== null,
      health: this.#health,
      signal: AbortSignal.any([signal, this.#abandon.signal]),
      giveBackMs,
      onStored: (held) => this.#settle(held),
      onRepeat: (held) => this.#settleRepeats(held),
      onRefused: (held, { code, message }) => deps.failures.settle(held, { code, message, retry: true }),
      onMore: () => this.#takeMore(),
      onResize: (resize, rows) => this.#resize(resize, rows),
      onGiveBack: () => this.#giveBack(),
    });
  }

  get #stopping(): boolean {
    return this.#stop.signal.aborted;
  }

  /** Deliveries that are held and not settled. */
  get held(): number {
    return this.#batches.size + this.#suspects.size + this.#storing.length;
  }

  /** While set, nothing waits for its batch to fill. */
  set flushing(flushing: boolean) {
    this.#batches.flushing = flushing || this.#stopping;
    if (flushing) this.#wake?.();
  }

  /** Consumes and stores until it was stopped and everything held is settled, or the signal aborts. Then what is left goes back. */
  async run(): Promise<void> {
    const { signal, failures } = this.#deps;
    await using _intake = this.#intake;
    const wake = (): void => this.#wake?.();
    signal.addEventListener('abort', wake);
    using _listening = { [Symbol.dispose]: () => signal.removeEventListener('abort', wake) };
    try {
      await this.#begin();
      await this.#storeAll();
    } catch (thrown) {
      if (!signal.aborted && !this.#abandon.signal.aborted) throw thrown;
    }
    await failures.settled();
  }

  async #begin(): Promise<void> {
    try {
      await this.#open();
    } catch (thrown) {
      if (this.#stopping) return;
      if (!(thrown instanceof GccflowError) || thrown.code !== 'BROKER_UNREACHABLE') throw thrown;
      await this.#reopen(); // the broker was there a moment ago
    }
  }

  /** While the broker is away nobody knows when it ends. */
  #open(): Promise<void> {
    return unlessAborted(this.#ending, this.#intake.open());
  }

  async #storeAll(): Promise<void> {
    for (;;) {
      this.#deps.signal.throwIfAborted();
      if (this.#suspects.size > 0) await this.#storeSuspects();
      else if (this.#emptying !== null && this.#batches.size === 0) await this.#takeAgain();
      else if (this.#emptying !== null || this.#batches.dueInMs(performance.now()) === 0) await this.#storeHeld(this.#batches.take());
      else if (this.#stopping && this.#batches.size === 0) return;
      else await this.#untilDue();
      if (!this.#intake.isOpen && !this.#stopping) await this.#reopen();
    }
  }

  async #reopen(): Promise<void> {
    const { signal, log } = this.#deps;
    for (let failures = 1; !this.#stopping; failures++) {
      try {
        return await this.#open();
      } catch (thrown) {
        signal.throwIfAborted();
        if (failures === 1 && !this.#stopping) log.warn({ reason: messageOf(thrown) }, 'queue not consumed again');
        await sleep(backoffMs(failures), undefined, { signal: this.#ending }).catch(() => {});
      }
    }
  }

  /** Takes nothing more; what is held is stored without waiting, and given back where the destination is away. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.flushing = true;
    if (this.#health.failures > 0) this.#abandon.abort(new Error('stopped while the destination was away'));
    await this.#intake.stop();
    this.#wake?.();
  }

  /** Must not throw: it is called by the connection. */
  #take(delivery: Delivery, hold: Hold): void {
    const verdict = this.#suspects.judge({ delivery, hold });
    if (verdict === 'give up') this.#giveUp({ delivery, hold });
    if (verdict === 'trust') {
      const held = this.#prepare(delivery, hold);
      if (held !== null) this.#batches.add(held);
      this.#takeLess();
    }
    if (this.#wake !== null && (this.#suspects.size > 0 || this.#changesWhatIsDue())) this.#wake();
  }

  /** Where too much waits: takes nothing until it is stored, and from then on no more at once than has room. */
  #takeLess(): void {
    if (this.#emptying !== null) return;
    const { failures } = this.#deps; // they may wait for the broker
    const waiting = { count: this.#batches.size + failures.size, bytes: this.#batches.bytes + failures.bytes };
    if (this.#capacity.shrink(waiting)) this.#resizeIntake();
  }

  /** Holds more again where deliveries have become smaller. */
  #takeMoreAtOnce(stored: readonly Held[]): void {
    if (this.#emptying === null && !this.#stopping && this.#capacity.grow(stored)) this.#resizeIntake();
  }

  #resizeIntake(): void {
    const { isReduced, deliveries } = this.#capacity;
    this.#batches.mostDeliveries = isReduced ? deliveries / 2 : Number.POSITIVE_INFINITY;
    this.#emptying = this.#intake.stop();
    this.#wake?.();
  }

  async #takeAgain(): Promise<void> {
    await this.#emptying;
    await unlessAborted(this.#ending, this.#deps.failures.settled()).catch(() => {}); // what is published and not acked would come again
    this.#emptying = null;
    if (!this.#stopping) await this.#intake.close();
  }

  #changesWhatIsDue(): boolean {
    return this.#batches.size === 1 || this.#batches.dueInMs(performance.now()) === 0;
  }

  #giveUp(held: HeldDelivery): void {
    const message = `The delivery was being handled, or held, whenever a process ended: ${held.delivery.deliveryCount} times.`;
    this.#fail(held, { code: 'CRASHED', message, retry: false });
  }

  /** Publishes what cannot be stored, once: it comes again where the connection was lost before the ack. */
  #fail(held: HeldDelivery, failure: Failure): void {
    if (this.#deps.recent.take(held.delivery)) this.#settleRepeats([held]);
    else this.#deps.failures.settle(held, failure);
  }

  /** Null where no rows can be made: then it is on its way to its next try or the dead letters. */
  #prepare(delivery: Delivery, hold: Hold): Held | null {
    try {
      const entry = this.#deps.makeEntry(originalOf(delivery, this.#node.sink.queue.name));
      return { delivery, hold, entry, sinceMs: performance.now() };
    } catch (thrown) {
      const code = thrown instanceof RowMistake ? thrown.code : 'TRANSFORM_FAILED';
      this.#fail({ delivery, hold }, { code, message: messageOf(thrown), retry: !code.startsWith('BODY_') });
      return null;
    }
  }

  /**
   * The first alone, so that a process that it ends leaves its name behind; then twice as many each time. What is to blame comes first in
   * its queue after a few crashes, as all before it is stored.
   */
  async #storeSuspects(): Promise<void> {
    const { journal } = this.#deps;
    const suspects = this.#suspects.take(this.#batches.maxRows);
    const [alone] = suspects.length === 1 ? suspects : [];
    if (alone && journal.begin(alone.delivery) >= poisonAt) this.#giveUp(alone);
    else await this.#storeHeld(suspects.flatMap(({ delivery, hold }) => this.#prepare(delivery, hold) ?? []));
    if (alone) journal.end(alone.delivery);
    this.#suspects.passed();
  }

  async #storeHeld(held: readonly Held[]): Promise<void> {
    this.#storing = held;
    try {
      const rest = this.#withRows(held);
      if (rest.length > 0) await this.#store.store(rest);
      this.#relax();
      this.#takeMoreAtOnce(held);
    } finally {
      this.#storing = [];
    }
  }

  /** Settles what was settled before, and what has nothing to store. */
  #withRows(held: readonly Held[]): readonly Held[] {
    const repeats = new Set(held.filter(({ delivery }) => this.#deps.recent.take(delivery)));
    if (repeats.size > 0) this.#settleRepeats([...repeats]);
    const rest = repeats.size === 0 ? held : held.filter((one) => !repeats.has(one));
    const full = rest.filter(({ entry }) => entry.rows.length > 0);
    if (full.length < rest.length) this.#settle(rest.filter(({ entry }) => entry.rows.length === 0));
    return full;
  }

  #takeMore(): readonly Held[] {
    const more = this.#withRows(this.#batches.take());
    this.#storing = [...this.#storing, ...more];
    return more;
  }

  #settle(held: readonly Held[]): void {
    this.#deps.counts.stored += held.length;
    for (const { delivery } of ackHeld(held)) this.#deps.recent.remember(delivery);
  }

  #settleRepeats(held: readonly HeldDelivery[]): void {
    this.#deps.counts.repeats += held.length;
    for (const { delivery } of ackHeld(held)) this.#deps.recent.remember(delivery);
  }

  #lose(hold: Hold, reason: string): void {
    this.#batches.drop(hold);
    this.#suspects.drop(hold);
    this.#deps.log.debug({ reason }, 'deliveries lost');
  }

  /** The broker closes a channel that holds a delivery for too long (30 minutes); a long outage is waited for with empty hands. */
  async #giveBack(): Promise<void> {
    this.#deps.log.warn({ held: this.held }, 'deliveries given back until the destination answers');
    this.#emptying = null;
    await this.#intake.close();
  }

  #resize(resize: 'grow' | 'shrink', rows: number): void {
    const most = (this.#node.sink.buffer?.capacity ?? 2) / 2;
    this.#batches.resize(resize === 'grow' ? Math.min(most, this.#batches.maxRows * 2) : Math.min(this.#batches.maxRows, rows / 2));
  }

  /** Comes back to the declared size step by step while all goes well. */
  #relax(): void {
    const declared = this.#node.sink.buffer?.max_rows ?? 1;
    const { maxRows } = this.#batches;
    if (maxRows < declared) this.#batches.resize(Math.min(declared, maxRows * 1.1 + 1));
    if (maxRows > declared) this.#batches.resize(Math.max(declared, maxRows * 0.95));
  }

  /** Waits until a batch is due or something changes: one timer for the oldest delivery, none for each. */
  async #untilDue(): Promise<void> {
    const dueInMs = this.#batches.dueInMs(performance.now());
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = dueInMs === null ? undefined : setTimeout(resolve, dueInMs);
    this.#wake = resolve;
    await promise;
    this.#wake = null;
    clearTimeout(timer);
  }
}
