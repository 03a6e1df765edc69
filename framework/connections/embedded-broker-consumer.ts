import type { ConsumeOptions, Consumer, Delivery } from './broker.ts';
import type { Claimant, EmbeddedDrain } from './embedded-broker-drain.ts';
import { EmbeddedHolding } from './embedded-broker-holding.ts';
import type { EmbeddedLink } from './embedded-broker-link.ts';
import type { MessageRow } from './embedded-broker-messages.ts';

/** Takes the messages of a queue as long as it is not stopped, over all connections that come and go. */
export class EmbeddedConsumer implements Consumer, Claimant {
  readonly queue: string;
  readonly #options: ConsumeOptions;
  readonly #onDisposed: () => void;
  readonly #holding = new EmbeddedHolding();
  #at: { readonly link: EmbeddedLink; readonly drain: EmbeddedDrain; readonly id: number } | null = null;
  #isStopped = false;

  constructor(queue: string, options: ConsumeOptions, onDisposed: () => void) {
    this.queue = queue;
    this.#options = options;
    this.#onDisposed = onDisposed;
  }

  get room(): number {
    return this.#isStopped ? 0 : this.#options.prefetch - this.#holding.size;
  }

  /** Goes on over a connection. */
  async attach(link: EmbeddedLink, drain: EmbeddedDrain): Promise<void> {
    if (this.#isStopped) return;
    const [row] = await link.postgres.query<{ id: number }>(
      'insert into gccflow.broker_consumer (queue, session_id) values ($1, $2) returning id',
      [this.queue, link.holder],
    );
    if (link.isLost) return;
    this.#at = { link, drain, id: row?.id ?? 0 };
    this.#holding.attach(drain);
    drain.add(this);
  }

  lose(reason: string): void {
    if (this.#at === null) return;
    this.#at = null;
    this.#holding.lose();
    this.#options.onLost(reason);
  }

  onClaimed(rows: readonly MessageRow[]): void {
    const name = this.#at?.link.name ?? '';
    for (const row of rows) this.#options.onDelivery(this.#holding.take(row, name));
  }

  ack(deliveries: readonly Delivery[]): boolean {
    return this.#holding.ack(deliveries);
  }

  requeue(deliveries: readonly Delivery[]): void {
    this.#holding.requeue(deliveries);
  }

  /** Waits for a claim that is on its way, so that what it brings is held. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    if (this.#at === null) return;
    const { link, drain, id } = this.#at;
    drain.remove(this);
    const forget = (): Promise<unknown> => link.session.query('delete from gccflow.broker_consumer where id = $1', [id]);
    await drain.run(forget).catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#holding.giveBack();
    this.#holding.lose();
    this.#at = null;
    this.#onDisposed();
  }
}
