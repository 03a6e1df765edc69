import type { Broker, Browser, Delivery } from '../connections/broker.ts';
import { GccflowError } from '../foundation/error.ts';
import type { SinkNode } from '../manifest/manifest.ts';
import { deadLetterRoute } from './routes.ts';

/** Which dead letters of a sink; all of its own where nothing is said. What is said must all hold. */
export interface DeadLetterFilter {
  /** Any of these codes. */
  readonly codes: readonly string[];
  /** Any of these message ids. */
  readonly ids: readonly string[];
  /** Failed last at this time or later. */
  readonly since: Date | null;
}

const everything: DeadLetterFilter = { codes: [], ids: [], since: null };

export interface DeadLetterQueue {
  readonly sink: string;
  readonly name: string;
  /** Other sinks put theirs there too. */
  readonly isShared: boolean;
}

/** The queue of a sink's dead letters. */
export function deadLetterQueueOf({ sink }: SinkNode, sinks: readonly SinkNode[]): DeadLetterQueue {
  const name = deadLetterRoute(sink).queue;
  return {
    sink: sink.name,
    name,
    isShared: sinks.some((other) => other.sink.name !== sink.name && deadLetterRoute(other.sink).queue === name),
  };
}

/** Whether a dead letter is the sink's and what the filter means. One that no sink has put there belongs to the queue's only sink. */
export function matches(
  { headers, messageId }: Delivery,
  { sink, isShared }: DeadLetterQueue,
  { codes, ids, since }: DeadLetterFilter,
): boolean {
  const of = headers['x-sink'];
  if (of === undefined ? isShared : of !== sink) return false;
  if (codes.length > 0 && !codes.includes(codeOf(headers))) return false;
  if (ids.length > 0 && (messageId === null || !ids.includes(messageId))) return false;
  return since === null || (dateOf(headers['x-last-failed-at'])?.getTime() ?? Number.NEGATIVE_INFINITY) >= since.getTime();
}

/** Reason code of a dead letter; `(none)` for one that no sink has put there. */
export function codeOf(headers: Delivery['headers']): string {
  const code = headers['x-error-code'];
  return typeof code === 'string' ? code : '(none)';
}

/** A time that a header holds as text; null for anything else. */
export function dateOf(value: unknown): Date | null {
  const date = typeof value === 'string' ? new Date(value) : null;
  return date === null || Number.isNaN(date.getTime()) ? null : date;
}

/** The dead letters of one reason. */
export interface DeadLetterReason {
  readonly code: string;
  readonly count: number;
  readonly firstFailedAt: Date | null;
  readonly lastFailedAt: Date | null;
}

export interface DeadLetterSummary {
  readonly sink: string;
  readonly queue: string;
  /** Messages of the queue, those of other sinks included where it is shared. */
  readonly ready: number;
  /** How many of them were looked at, from the oldest on. */
  readonly lookedAt: number;
  /** Of those that are the sink's, the most frequent first. */
  readonly reasons: readonly DeadLetterReason[];
}

/** Counts a sink's dead letters by reason. Looks at `limit` of them at most, as each is fetched with its body. */
export async function summarizeDeadLetters(
  queue: DeadLetterQueue,
  { limit, ...browsing }: Browsing & { readonly limit: number },
): Promise<DeadLetterSummary> {
  const reasons = new Map<string, DeadLetterReason>();
  let lookedAt = 0;
  const ready = await eachDeadLetter(queue.name, browsing, (delivery) => {
    if (lookedAt === limit) return false;
    lookedAt++;
    if (!matches(delivery, queue, everything)) return true;
    const { headers } = delivery;
    const code = codeOf(headers);
    const known = reasons.get(code);
    reasons.set(code, {
      code,
      count: (known?.count ?? 0) + 1,
      firstFailedAt: earlier(known?.firstFailedAt ?? null, dateOf(headers['x-first-failed-at'])),
      lastFailedAt: later(known?.lastFailedAt ?? null, dateOf(headers['x-last-failed-at'])),
    });
    return true;
  });
  return { sink: queue.sink, queue: queue.name, ready, lookedAt, reasons: [...reasons.values()].sort((a, b) => b.count - a.count) };
}

export interface Browsing {
  readonly broker: Broker;
  readonly signal: AbortSignal;
}

/**
 * Hands out the messages that are in a queue, the oldest first, until `look` says no; gives back what was not acked. Resolves to how many
 * there were at the start: what comes later is not handed out. A queue that does not exist has none.
 */
async function eachDeadLetter(
  queue: string,
  { broker, signal }: Browsing,
  look: (delivery: Delivery, browser: Browser) => boolean,
): Promise<number> {
  await using browser = await browseIfThere(queue, broker);
  if (browser === null) return 0;
  for (let fetched = 0; fetched < browser.ready; fetched++) {
    signal.throwIfAborted();
    const delivery = await browser.next();
    if (delivery === null || !look(delivery, browser)) break;
  }
  return browser.ready;
}

/** The oldest dead letters of a sink that the filter means, `limit` at most. They stay in their queue. */
export async function readDeadLetters(
  queue: DeadLetterQueue,
  filter: DeadLetterFilter,
  { limit, ...browsing }: Browsing & { readonly limit: number },
): Promise<Delivery[]> {
  const letters: Delivery[] = [];
  await eachDeadLetter(queue.name, browsing, (delivery) => {
    if (matches(delivery, queue, filter)) letters.push(delivery);
    return letters.length < limit;
  });
  return letters.slice(0, limit);
}

/**
 * Removes a sink's dead letters; gives back how many. Those that come meanwhile stay, but for a queue that is emptied as a whole.
 */
export async function purgeDeadLetters(queue: DeadLetterQueue, filter: DeadLetterFilter, browsing: Browsing): Promise<number> {
  if (isEverything(filter) && !queue.isShared) return (await unlessMissing(() => browsing.broker.purge(queue.name))) ?? 0;
  let removed = 0;
  await eachDeadLetter(queue.name, browsing, (delivery, browser) => {
    if (!matches(delivery, queue, filter)) return true;
    browser.ack(delivery);
    removed++;
    return true;
  });
  return removed;
}

export function isEverything({ codes, ids, since }: DeadLetterFilter): boolean {
  return codes.length === 0 && ids.length === 0 && since === null;
}

/** Null where there is no such queue. */
export function browseIfThere(queue: string, broker: Pick<Broker, 'browse'>): Promise<Browser | null> {
  return unlessMissing(() => broker.browse(queue));
}

async function unlessMissing<Result>(work: () => Promise<Result>): Promise<Result | null> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof GccflowError && thrown.code === 'QUEUE_NOT_FOUND') return null;
    throw thrown;
  }
}

function earlier(a: Date | null, b: Date | null): Date | null {
  return a === null || (b !== null && b < a) ? b : a;
}

function later(a: Date | null, b: Date | null): Date | null {
  return a === null || (b !== null && b > a) ? b : a;
}
