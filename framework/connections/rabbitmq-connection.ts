import { setTimeout as sleep } from 'node:timers/promises';
import { type ChannelModel, connect, type Options } from 'amqplib';
import type { RabbitmqAddress } from './rabbitmq-address.ts';
import { unreachable } from './rabbitmq-fault.ts';
import type { RabbitmqOutage } from './rabbitmq-outage.ts';

export type { Channel, ChannelModel, ConfirmChannel, ConsumeMessage, Message } from 'amqplib';
export { IllegalOperationError } from 'amqplib';
export type PublishProperties = Options.Publish;

export interface ConnectionOptions {
  /** What it is for, as RabbitMQ's own tools show it. */
  readonly role: 'consuming' | 'publishing';
  /** Done on every connection after the first, before anybody gets it. */
  readonly prepare: (model: ChannelModel) => Promise<void>;
  /** Told of every loss and return. */
  readonly outage: RabbitmqOutage;
  /** Ends the making of new connections; one that is there stays. */
  readonly signal: AbortSignal;
}

/** How long the server may take to let us in. */
const connectMs = 15_000;
/** How long it may take to say goodbye. One behind a dead network never does. */
const farewellMs = 5_000;
const firstDelayMs = 200;
const maxDelayMs = 30_000;
/** A connection that lived this long was a good one: the next loss begins with short delays again. */
const steadyMs = 10_000;

/** Connects, and from then on keeps the connection alive. Throws BROKER_UNREACHABLE. */
export async function openRabbitmqConnection(address: RabbitmqAddress, options: ConnectionOptions): Promise<RabbitmqConnection> {
  const link = await openLink(address, options);
  return new RabbitmqConnection(address, options, link);
}

/** One connection of its life. */
interface Link {
  readonly model: ChannelModel;
  isClosed: boolean;
  /** Resolves when it has been closed. */
  readonly gone: Promise<void>;
  /** Destroys the socket: amqplib only ends it, and behind a dead network that never comes to an end. */
  readonly destroy: () => void;
}

export class RabbitmqConnection implements AsyncDisposable {
  /** e.g. `3.10.8`. */
  readonly version: string;
  /** Why the server takes nothing from it, e.g. `low on memory`; null when it does. */
  blocked: string | null = null;
  readonly #address: RabbitmqAddress;
  readonly #options: ConnectionOptions;
  readonly #ending = new AbortController();
  readonly #watchers = new Set<() => void>();
  #link: Link | null = null;
  #next = Promise.withResolvers<ChannelModel>();
  /** Attempts since the last connection that held. */
  #attempts = 0;

  constructor(address: RabbitmqAddress, options: ConnectionOptions, link: Link) {
    this.#address = address;
    this.#options = options;
    const { version } = link.model.connection.serverProperties;
    this.version = typeof version === 'string' ? version : '';
    this.#next.promise.catch(() => {});
    this.#adopt(link);
  }

  get isUp(): boolean {
    return this.#link !== null;
  }

  /** Nothing more comes: disposed, or aborted while the connection was lost. */
  get isOver(): boolean {
    return this.#ending.signal.aborted || (this.#link === null && this.#options.signal.aborted);
  }

  /** The connection once it is there. Rejects with BROKER_UNREACHABLE when none will come, or as `signal` says. */
  async model(signal?: AbortSignal): Promise<ChannelModel> {
    if (signal === undefined) return this.#next.promise;
    signal.throwIfAborted();
    const { promise, reject } = Promise.withResolvers<never>();
    const stop = (): void => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    try {
      return await Promise.race([this.#next.promise, promise]);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** Calls `listener` when the connection comes, goes, is blocked or unblocked. Gives back what ends that. */
  watch(listener: () => void): () => void {
    this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
  }

  /**
   * Waits until the server has said yes to a goodbye, and so has read what was written before. Where it says nothing the connection is
   * destroyed, so that the goodbyes of others do not wait as long.
   */
  async farewell(goodbye: Promise<unknown>): Promise<void> {
    const link = this.#link;
    const silent = setTimeout(() => link?.destroy(), farewellMs);
    // amqplib leaves a goodbye without an answer when the connection is lost.
    await Promise.race([goodbye.catch(() => {}), link?.gone]);
    clearTimeout(silent);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort();
    const link = this.#link;
    if (link !== null) await this.farewell(link.model.close());
    this.#end();
    link?.destroy();
  }

  #adopt(link: Link): void {
    const { model } = link;
    const begun = performance.now();
    let fault: Error | undefined;
    this.#link = link;
    this.#next.resolve(model);
    // Without a listener an error event would end the process; the close event follows it.
    model.on('error', (err) => {
      fault = err;
    });
    model.on('blocked', (reason) => this.#setBlocked(reason));
    model.on('unblocked', () => this.#setBlocked(null));
    const onClose = (err: Error | undefined): void => {
      if (this.#link === link) this.#lose(err ?? fault, performance.now() - begun);
    };
    // It may have been closed by the same chunk of bytes that answered the last request.
    if (link.isClosed) onClose(undefined);
    else model.once('close', onClose);
  }

  #setBlocked(reason: string | null): void {
    this.blocked = reason;
    this.#tell();
  }

  #lose(fault: Error | undefined, livedMs: number): void {
    this.#link = null;
    this.blocked = null;
    if (livedMs > steadyMs) this.#attempts = 0;
    this.#next = Promise.withResolvers();
    this.#next.promise.catch(() => {});
    if (!this.#ending.signal.aborted) this.#options.outage.lost(this.#options.role, fault);
    this.#tell();
    void this.#reconnect();
  }

  /** Tries for ever. The delays grow, and are random so that many clients do not come back at once. */
  async #reconnect(): Promise<void> {
    const signal = AbortSignal.any([this.#ending.signal, this.#options.signal]);
    while (!signal.aborted) {
      const link = await this.#attempt(signal);
      if (link === null) continue;
      if (signal.aborted) link.destroy();
      else return this.#return(link);
    }
    this.#end();
  }

  #return(link: Link): void {
    this.#options.outage.restored(this.#options.role);
    this.#adopt(link);
    this.#tell();
  }

  async #attempt(signal: AbortSignal): Promise<Link | null> {
    try {
      const mostMs = Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(this.#attempts++, 10));
      await sleep(Math.random() * mostMs, undefined, { signal });
      const link = await openLink(this.#address, { ...this.#options, signal });
      await this.#prepare(link, AbortSignal.any([signal, AbortSignal.timeout(connectMs)]));
      return link;
    } catch (thrown) {
      this.#options.outage.stillLost(thrown);
      return null;
    }
  }

  /** A server that does not come to an end with it loses the connection: the next one may. */
  async #prepare(link: Link, signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', link.destroy, { once: true });
    try {
      await this.#options.prepare(link.model);
    } catch (thrown) {
      link.destroy();
      throw thrown;
    } finally {
      signal.removeEventListener('abort', link.destroy);
    }
  }

  #end(): void {
    this.#link = null;
    this.#ending.abort();
    const over = unreachable(new Error('the connection is closed'), this.#address);
    // Rejects those that wait; those that come later get a promise of their own, for this one may be fulfilled.
    this.#next.reject(over);
    this.#next = Promise.withResolvers();
    this.#next.promise.catch(() => {});
    this.#next.reject(over);
    this.#tell();
  }

  #tell(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}

async function openLink(address: RabbitmqAddress, { role, signal }: ConnectionOptions): Promise<Link> {
  signal.throwIfAborted();
  const socket = new AbortController();
  const giveUp = setTimeout(() => socket.abort(new Error('ETIMEDOUT')), connectMs);
  const stop = (): void => socket.abort(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  try {
    const { protocol, host, port, user, password, vhost, heartbeat } = address;
    const model = await connect(
      // amqplib decodes the virtual host once more.
      { protocol, hostname: host, port, username: user, password, vhost: encodeURIComponent(vhost), heartbeat },
      { signal: socket.signal, noDelay: true, keepAlive: true, clientProperties: { connection_name: `gccflow ${role}` } } as object,
    );
    const { promise: gone, resolve: go } = Promise.withResolvers<void>();
    const link: Link = { model, isClosed: false, gone, destroy: () => socket.abort() };
    model.on('error', () => {});
    model.once('close', () => {
      link.isClosed = true;
      link.destroy();
      go();
    });
    return link;
  } catch (thrown) {
    signal.throwIfAborted();
    throw unreachable(socket.signal.aborted ? socket.signal.reason : thrown, address);
  } finally {
    clearTimeout(giveUp);
    signal.removeEventListener('abort', stop);
  }
}
