import { setTimeout as sleep } from 'node:timers/promises';
import { formatDuration } from '../foundation/duration.ts';
import { GccflowError, messageOf } from '../foundation/error.ts';
import type { Log } from '../foundation/log.ts';
import type { PostgresConfig } from '../project/target-config.ts';
import type {
  Broker,
  Browser,
  ConsumeOptions,
  Consumer,
  Publisher,
  PublisherOptions,
  QueueState,
  Topology,
  TopologyChange,
} from './broker.ts';
import { EmbeddedBrowser } from './embedded-broker-browser.ts';
import { EmbeddedConsumer } from './embedded-broker-consumer.ts';
import { EmbeddedDrain } from './embedded-broker-drain.ts';
import { brokerError, brokerUnreachable, queueNotFound } from './embedded-broker-fault.ts';
import { type EmbeddedLink, type LinkOptions, openLink } from './embedded-broker-link.ts';
import { EmbeddedPublisher } from './embedded-broker-publisher.ts';
import { purgeQueue, queueExists, readQueueState } from './embedded-broker-queues.ts';
import { compareTopology, declareTopology } from './embedded-broker-topology.ts';

export interface EmbeddedBrokerOptions {
  /** The project's folder; the embedded server's path is relative to it. */
  readonly projectDir: string;
  readonly log: Log;
  /** Ends the making of new connections; one that is there stays. */
  readonly signal: AbortSignal;
}

const firstDelayMs = 100;
const maxDelayMs = 10_000;

/** Opens the queues that a target's PostgreSQL keeps. Throws POSTGRES_UNREACHABLE, or DEPENDENCY_MISSING. */
export async function openEmbeddedBroker(config: PostgresConfig, options: EmbeddedBrokerOptions): Promise<Broker> {
  const broker = new EmbeddedBroker({ config, ...options });
  await broker.open();
  return broker;
}

/** A connection and what works over it. */
interface Working {
  readonly link: EmbeddedLink;
  readonly drain: EmbeddedDrain;
}

class EmbeddedBroker implements Broker {
  readonly kind = 'embedded';
  readonly location: string;
  version = '';
  readonly #options: LinkOptions;
  readonly #ending = new AbortController();
  readonly #consumers = new Set<EmbeddedConsumer>();
  readonly #publishers = new Set<EmbeddedPublisher>();
  readonly #declared: Topology[] = [];
  /** Pending while there is no connection; rejects when none will come. */
  #working = Promise.withResolvers<Working>();
  #reconnecting: Promise<unknown> = Promise.resolve();

  constructor(options: LinkOptions) {
    this.#options = { ...options, signal: AbortSignal.any([options.signal, this.#ending.signal]) };
    this.location = locationOf(options.config);
    this.#expectNext();
  }

  async open(): Promise<void> {
    const working = await this.#connect();
    this.version = working.link.postgres.version;
    this.#adopt(working);
  }

  async declare(topology: Topology): Promise<void> {
    await this.#ask('declaring', ({ link }) => declareTopology(link.postgres, topology, this.location));
    this.#declared.push(topology);
  }

  compare(topology: Topology): Promise<readonly TopologyChange[]> {
    return this.#ask('comparing', ({ link }) => compareTopology(link.postgres, topology));
  }

  inspect(queue: string): Promise<QueueState | null> {
    return this.#ask('inspecting', ({ link }) => readQueueState(link.postgres, queue));
  }

  async publisher(options: PublisherOptions): Promise<Publisher> {
    const publisher: EmbeddedPublisher = new EmbeddedPublisher(options, this.location, () => this.#publishers.delete(publisher));
    const { link } = await this.#working.promise;
    this.#publishers.add(publisher);
    publisher.attach(link);
    return publisher;
  }

  async consume(queue: string, options: ConsumeOptions): Promise<Consumer> {
    const consumer: EmbeddedConsumer = new EmbeddedConsumer(queue, options, () => this.#consumers.delete(consumer));
    await this.#ask('consuming', async ({ link, drain }) => {
      if (!(await queueExists(link.postgres, queue))) throw queueNotFound(queue, this.location);
      await consumer.attach(link, drain);
      this.#consumers.add(consumer);
    });
    return consumer;
  }

  browse(queue: string): Promise<Browser> {
    return this.#ask('browsing', async ({ link, drain }) => {
      const state = await readQueueState(link.postgres, queue);
      if (state === null) throw queueNotFound(queue, this.location);
      return new EmbeddedBrowser(state, link, drain);
    });
  }

  purge(queue: string): Promise<number> {
    return this.#ask('purging', async ({ link }) => {
      if (!(await queueExists(link.postgres, queue))) throw queueNotFound(queue, this.location);
      return purgeQueue(link.postgres, queue);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort();
    await this.#reconnecting;
    const working = await this.#working.promise.catch(() => null);
    for (const member of [...this.#publishers, ...this.#consumers]) await member[Symbol.asyncDispose]();
    await working?.drain[Symbol.asyncDispose]();
    await working?.link[Symbol.asyncDispose]();
    this.#expectNone();
  }

  /** Asks something over the connection, once there is one. */
  async #ask<Result>(doing: string, question: (working: Working) => Promise<Result>): Promise<Result> {
    const working = await this.#working.promise;
    try {
      return await question(working);
    } catch (thrown) {
      throw brokerError(doing, this.location, thrown);
    }
  }

  async #connect(): Promise<Working> {
    await using opening = new AsyncDisposableStack();
    const link = opening.use(await openLink(this.#options));
    const drain = opening.use(new EmbeddedDrain(link));
    await this.#declareAgain(link);
    await drain.start();
    opening.move();
    return { link, drain };
  }

  /** A server that lost its state gets everything again. What somebody made otherwise is said, and the rest goes on with what is there. */
  async #declareAgain({ postgres }: EmbeddedLink): Promise<void> {
    for (const topology of this.#declared) {
      try {
        await declareTopology(postgres, topology, this.location);
      } catch (thrown) {
        if (!(thrown instanceof GccflowError) || thrown.code !== 'TOPOLOGY_MISMATCH') throw thrown;
        this.#options.log.error({ broker: this.location, reason: thrown.message }, 'topology not declared again');
      }
    }
  }

  #adopt(working: Working): void {
    this.#working.resolve(working);
    working.link.watch((reason) => this.#lose(working, reason));
  }

  #lose({ link, drain }: Working, reason: string): void {
    drain.stop();
    this.#expectNext();
    if (!this.#options.signal.aborted) this.#options.log.warn({ broker: this.location, reason }, 'broker connection lost');
    for (const publisher of this.#publishers) publisher.lose();
    for (const consumer of this.#consumers) consumer.lose(reason);
    this.#reconnecting = Promise.all([this.#reconnecting, this.#reconnect(link)]);
  }

  async #reconnect(lost: EmbeddedLink): Promise<void> {
    const working = await this.#connectAgain();
    if (working === null) this.#expectNone();
    else this.#resume(working);
    await lost[Symbol.asyncDispose]().catch(() => {});
  }

  /** Tries for ever, with delays that grow and are random, so that many processes do not come back at once. Null when told to stop. */
  async #connectAgain(): Promise<Working | null> {
    const { signal, log } = this.#options;
    const sinceMs = performance.now();
    for (let attempts = 1; !signal.aborted; attempts++) {
      try {
        await sleep(Math.random() * Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(attempts, 10)), undefined, { signal });
        const working = await this.#connect();
        const lasted = formatDuration(performance.now() - sinceMs);
        log.info({ broker: this.location, attempts, lasted }, 'broker connection restored');
        return working;
      } catch (thrown) {
        log.debug({ broker: this.location, attempts, reason: messageOf(thrown) }, 'broker connection not restored');
      }
    }
    return null;
  }

  #resume(working: Working): void {
    this.#adopt(working);
    const { link, drain } = working;
    for (const publisher of this.#publishers) publisher.attach(link);
    for (const consumer of this.#consumers) consumer.attach(link, drain).catch((thrown) => link.lose(messageOf(thrown)));
  }

  #expectNext(): void {
    this.#working = Promise.withResolvers();
    this.#working.promise.catch(() => {}); // mostly nobody waits for it
  }

  /** Those who wait and those who come later are told that there is no connection any more. */
  #expectNone(): void {
    const isOver = brokerUnreachable('connecting', this.location, 'it is closed');
    this.#working.reject(isOver);
    this.#expectNext();
    this.#working.reject(isOver);
    for (const publisher of this.#publishers) publisher.end('the connection was lost');
  }
}

/** Where the queues are, without user and password. */
function locationOf(config: PostgresConfig): string {
  if (config.type === 'embedded') return `PostgreSQL (embedded, ${config.path})`;
  const { hostname, port, pathname } = URL.parse(config.url) ?? { hostname: '', port: '', pathname: '' };
  return `PostgreSQL at ${hostname}:${port || '5432'}${pathname}`;
}
