import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Broker, Publisher } from '../connections/broker.ts';
import type { Clock } from '../foundation/clock.ts';
import { GccflowError, messageOf } from '../foundation/error.ts';
import type { Log } from '../foundation/log.ts';
import type { SinkNode } from '../manifest/manifest.ts';
import { backoffMs } from './backoff.ts';
import { type FailedMessage, type Failure, failedMessage, originalOf } from './failed-message.ts';
import { ackHeld, type HeldDelivery } from './held.ts';
import type { RecentIds } from './recent-ids.ts';
import { topologyOf } from './topology.ts';

export interface FailureDeps {
  readonly broker: Pick<Broker, 'declare'>;
  readonly publisher: Publisher;
  readonly recent: RecentIds;
  readonly log: Log;
  readonly clock: Clock;
  /** Aborted, what is not published yet stays in its queue. */
  readonly signal: AbortSignal;
  readonly onSettled: (kind: FailedMessage['kind']) => void;
}

const redeclareMs = 5000;

/**
 * Takes deliveries that failed: each is published where it waits for its next try, or to the dead letters, and acked when the broker has
 * stored it there. What cannot be published stays unacked and is tried again, so that nothing is lost with a missing exchange.
 */
export class Failures {
  readonly #node: SinkNode;
  readonly #deps: FailureDeps;
  readonly #running = new Set<Promise<void>>();
  readonly #namedCodes = new Set<string>();
  #bytes = 0;
  #stuck = false;
  #declaredMs = Number.NEGATIVE_INFINITY;

  constructor(node: SinkNode, deps: FailureDeps) {
    this.#node = node;
    this.#deps = deps;
  }

  /** Deliveries that are being published. */
  get size(): number {
    return this.#running.size;
  }

  /** Of their bodies. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Returns at once. */
  settle(held: HeldDelivery, failure: Failure): void {
    const { length } = held.delivery.body;
    const running = this.#settle(held, failure).finally(() => {
      this.#running.delete(running);
      this.#bytes -= length;
    });
    this.#running.add(running);
    this.#bytes += length;
  }

  /** Resolves when all are settled, lost, or left behind. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  async #settle(held: HeldDelivery, failure: Failure): Promise<void> {
    const { clock, recent, onSettled } = this.#deps;
    const original = originalOf(held.delivery, this.#node.sink.queue.name);
    const message = failedMessage(this.#node.sink, original, failure, { now: clock.now(), newId: randomUUID });
    this.#nameOnce(failure, message);
    if (!(await this.#publish(message, held))) return;
    onSettled(message.kind);
    for (const { delivery } of ackHeld([held])) recent.remember(delivery);
  }

  /** False where the delivery was lost, or the sink ended, before the message was stored. */
  async #publish(message: FailedMessage, { hold }: HeldDelivery): Promise<boolean> {
    const { publisher, signal } = this.#deps;
    for (let failures = 1; ; failures++) {
      if (hold.lost || signal.aborted) return false;
      try {
        await publisher.publish(message);
        this.#flows();
        return true;
      } catch (thrown) {
        await this.#stall(thrown, message);
        await sleep(backoffMs(failures), undefined, { signal }).catch(() => {});
      }
    }
  }

  async #stall(thrown: unknown, { kind, exchange, routingKey }: FailedMessage): Promise<void> {
    const { log, signal } = this.#deps;
    if (!this.#stuck && !signal.aborted) log.warn({ kind, exchange, routingKey, reason: messageOf(thrown) }, 'failed deliveries held');
    this.#stuck = true;
    if (thrown instanceof GccflowError && thrown.code === 'MESSAGE_UNROUTABLE') await this.#redeclare();
  }

  /** Somebody removed what the sink declared. Many messages find out at once. */
  async #redeclare(): Promise<void> {
    const nowMs = performance.now();
    if (nowMs - this.#declaredMs < redeclareMs) return;
    this.#declaredMs = nowMs;
    await this.#deps.broker.declare(topologyOf([this.#node], [])).catch(() => {}); // said by the next try, which fails as this one did
  }

  #flows(): void {
    if (this.#stuck) this.#deps.log.warn({ sink: this.#node.name }, 'failed deliveries published again');
    this.#stuck = false;
  }

  /** Every reason is named once; after that counts tell of it. */
  #nameOnce({ code, message }: Failure, { kind }: FailedMessage): void {
    const { log } = this.#deps;
    const name = `${kind} ${code}`;
    const write = this.#namedCodes.has(name) ? log.debug : log.warn;
    this.#namedCodes.add(name);
    write.call(log, { code, reason: message }, kind === 'retry' ? 'delivery put off' : 'delivery put to the dead letters');
  }
}
