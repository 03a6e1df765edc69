import { setTimeout as sleep } from 'node:timers/promises';
import type { OutgoingMessage, Publisher } from '../connections/broker.ts';
import { GccflowError } from '../foundation/error.ts';
import type { Log } from '../foundation/log.ts';
import type { IngestFile } from '../project/ingest-file.ts';
import type { IngestMetrics } from './metrics.ts';
import { Refusal } from './refusal.ts';

export interface IntakeDeps {
  readonly publisher: Publisher;
  readonly metrics: IngestMetrics;
  readonly log: Log;
}

/** What the events of one request become. */
export interface Parcel {
  /** As in the metrics. */
  readonly route: string;
  readonly events: number;
  readonly messages: readonly OutgoingMessage[];
}

/**
 * Publishes events, within bounds of number and size. In mode durable `accept` resolves when the broker has stored every message; in mode
 * fast when they are in memory, from where they are tried until the broker has them or the process ends.
 */
export class Intake {
  readonly #publisher: Publisher;
  readonly #metrics: IngestMetrics;
  readonly #log: Log;
  readonly #mode: IngestFile['mode'];
  readonly #limits: IngestFile['limits'];
  readonly #giveUp = new AbortController();
  #messages = 0;
  #bytes = 0;
  #emptied: (() => void) | null = null;

  constructor({ mode, limits }: Pick<IngestFile, 'mode' | 'limits'>, { publisher, metrics, log }: IntakeDeps) {
    this.#mode = mode;
    this.#limits = limits;
    this.#publisher = publisher;
    this.#metrics = metrics;
    this.#log = log;
  }

  /** Why nothing can be published at the moment. */
  get obstacle(): string | null {
    return this.#publisher.obstacle;
  }

  /** Throws Refusal where the next parcel would be refused whatever it held, so that its body need not be read. */
  checkRoom(): void {
    const { obstacle } = this.#publisher;
    if (obstacle !== null && this.#mode === 'durable') throw new Refusal('unavailable', `Events cannot be stored: ${obstacle}.`);
    if (this.#messages >= this.#limits.in_flight || this.#bytes >= this.#limits.in_flight_bytes) throw full();
  }

  /** Takes all of a parcel, or throws Refusal: then some of it may have been stored, and a repeat has the same message ids. */
  async accept(parcel: Parcel): Promise<void> {
    try {
      const bytes = this.#take(parcel.messages);
      if (this.#mode === 'fast') void this.#storeLater(parcel, bytes);
      else await this.#store(parcel.messages, bytes);
      this.#metrics.events(parcel.route, 'accepted', parcel.events);
    } catch (thrown) {
      if (thrown instanceof Refusal) this.#metrics.events(parcel.route, thrown.kind, parcel.events);
      throw thrown;
    }
  }

  /** Waits until every message has been stored, for `ms` at most; what is left in memory then is given up, and counted in the log. */
  async drain(ms: number): Promise<void> {
    if (this.#messages > 0) {
      const emptied = new Promise<void>((resolve) => {
        this.#emptied = resolve;
      });
      await Promise.race([emptied, sleep(ms, undefined, { ref: false })]);
    }
    this.#giveUp.abort();
    if (this.#messages === 0) return;
    this.#log.error({ messages: this.#messages, mode: this.#mode }, 'ended before the broker had confirmed everything');
  }

  /** A parcel that is larger than all the room is taken alone. */
  #take(messages: readonly OutgoingMessage[]): number {
    this.checkRoom();
    let bytes = 0;
    for (const { body } of messages) bytes += body.length;
    const { in_flight, in_flight_bytes } = this.#limits;
    const fits = this.#messages + messages.length <= in_flight && this.#bytes + bytes <= in_flight_bytes;
    if (!fits && this.#messages > 0) throw full();
    this.#hold(messages.length, bytes);
    return bytes;
  }

  #hold(messages: number, bytes: number): void {
    this.#messages += messages;
    this.#bytes += bytes;
    this.#metrics.inFlight(this.#messages, this.#bytes);
    if (this.#messages === 0) this.#emptied?.();
  }

  async #store(messages: readonly OutgoingMessage[], bytes: number): Promise<void> {
    const startedAt = performance.now();
    const settled = await Promise.allSettled(messages.map((message) => this.#publish(message)));
    this.#hold(-messages.length, -bytes);
    const failures = settled.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    if (failures.length === 0) return;
    const overdue = performance.now() - startedAt >= this.#limits.confirm;
    throw refusalOf(failures, overdue);
  }

  async #publish(message: OutgoingMessage): Promise<void> {
    const startedAt = performance.now();
    await this.#publisher.publish(message);
    this.#metrics.confirmed((performance.now() - startedAt) / 1000);
  }

  async #storeLater({ route, messages }: Parcel, bytes: number): Promise<void> {
    const lost = await Promise.all(messages.map((message) => this.#insist(message)));
    const count = lost.filter((isLost) => isLost).length;
    if (count > 0) this.#metrics.lost(count);
    if (count > 0 && !this.#giveUp.signal.aborted) this.#log.error({ route, messages: count }, 'events were taken that no queue wants');
    this.#hold(-messages.length, -bytes);
  }

  /** Publishes until it is stored. True where that is over: no queue wants it, or the time to stop has come. */
  async #insist(message: OutgoingMessage): Promise<boolean> {
    const { signal } = this.#giveUp;
    for (let tries = 0; ; tries++) {
      try {
        await this.#publish(message);
        return false;
      } catch (thrown) {
        if (codeOf(thrown) === 'MESSAGE_UNROUTABLE') return true;
        await sleep(retryMs(tries), undefined, { signal }).catch(() => {});
        if (signal.aborted) return true;
      }
    }
  }
}

const full = (): Refusal => new Refusal('full', 'More events wait for the broker than there is room for.');

/** 0.1 s to 5 s, doubling, with jitter. */
const retryMs = (tries: number): number => Math.min(5000, 100 * 2 ** tries) * (0.5 + Math.random() / 2);

const codeOf = (thrown: unknown): string | null => (thrown instanceof GccflowError ? thrown.code : null);

/** What may pass in a repeat counts before what never will. Throws what is a bug of ours. */
function refusalOf(failures: readonly unknown[], overdue: boolean): Refusal {
  const codes = failures.map(codeOf);
  const bug = codes.indexOf(null);
  if (bug >= 0) throw failures[bug];
  if (codes.includes('BROKER_UNREACHABLE')) {
    const what = overdue ? 'The broker did not confirm in time' : 'The broker was lost before it confirmed';
    return new Refusal(overdue ? 'timeout' : 'unavailable', `${what}: the events may be stored or not, and a repeat does no harm.`);
  }
  if (codes.includes('MESSAGE_UNROUTABLE')) return new Refusal('unroutable', 'No queue wants events of this type.');
  return new Refusal('unavailable', 'The broker refused to store the events.');
}
