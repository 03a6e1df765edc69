import type { Broker, Browser, Delivery, Headers, OutgoingMessage } from '../connections/broker.ts';
import type { Clock } from '../foundation/clock.ts';
import type { SinkNode } from '../manifest/manifest.ts';
import { browseIfThere, type DeadLetterFilter, type DeadLetterQueue, matches } from './dead-letters.ts';
import { replayedAtHeader } from './replayed-at.ts';

export interface ReplayDeps {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly newId: () => string;
  /** Ends it between two dead letters. */
  readonly signal: AbortSignal;
}

export interface Replay {
  readonly replayed: number;
  /** Of those that were there at its start, those that stay. */
  readonly kept: number;
  /** What ended it before its end, or null. Every dead letter that is not counted as replayed is still there. */
  readonly failure: unknown;
}

/** Messages that may wait for their confirm at once. */
const window = 100;
const confirmMs = 10_000;

/**
 * Puts a sink's dead letters back into its queue, and into no other that their exchange would feed; each once, in their order. A dead
 * letter is removed after the broker has stored its replay: a crash in between replays it a second time, with the same message id and a
 * header that makes a sink with `deduplicate_by` look it up. What fails again meanwhile is not replayed again.
 */
export async function replayDeadLetters(
  node: SinkNode,
  queue: DeadLetterQueue,
  filter: DeadLetterFilter,
  deps: ReplayDeps,
): Promise<Replay> {
  const { broker, clock, signal, newId } = deps;
  await using publisher = await broker.publisher({ window, confirmMs });
  await using browser = await browseIfThere(queue.name, broker);
  const limit = browser?.ready ?? 0;
  const at = clock.now().toISOString();
  const pending = new Set<Promise<void>>();
  let [fetched, replayed, failure]: [number, number, unknown] = [0, 0, null];
  const replay = async (delivery: Delivery): Promise<void> => {
    try {
      await publisher.publish(replayOf(delivery, node, { at, newId }));
      browser?.ack(delivery);
      replayed++;
    } catch (thrown) {
      failure ??= thrown;
    }
  };
  while (failure === null && !signal.aborted && fetched < limit) {
    const delivery = await nextOf(browser).catch((thrown: unknown) => {
      failure ??= thrown;
      return null;
    });
    if (delivery === null) break;
    fetched++;
    if (!matches(delivery, queue, filter) || delivery.headers[replayedAtHeader] === at) continue;
    const done = replay(delivery).finally(() => pending.delete(done));
    pending.add(done);
    if (pending.size >= window) await Promise.race(pending);
  }
  await Promise.all(pending);
  return { replayed, kept: limit - replayed, failure };
}

async function nextOf(browser: Browser | null): Promise<Delivery | null> {
  return browser === null ? null : browser.next();
}

/** A dead letter as it came to the sink at first, but for the header. Where it came from stays: columns may hold it. */
function replayOf(
  delivery: Delivery,
  { sink }: SinkNode,
  { at, newId }: { readonly at: string; readonly newId: () => string },
): OutgoingMessage {
  const { body, messageId, contentType, contentEncoding, publishedAt } = delivery;
  return {
    exchange: '',
    routingKey: sink.queue.name,
    body,
    messageId: messageId ?? newId(),
    headers: { ...withoutFailure(delivery.headers), [replayedAtHeader]: at },
    ...(contentType !== null && { contentType }),
    ...(contentEncoding !== null && { contentEncoding }),
    ...(publishedAt !== null && { publishedAt }),
  };
}

const failureHeaders =
  /^x-(error|error-code|sink|first-failed-at|last-failed-at|attempts|retry-count|death|(first|last)-death-.*|delivery-count|acquired-count)$/;

function withoutFailure(headers: Headers): Headers {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !failureHeaders.test(name)));
}
