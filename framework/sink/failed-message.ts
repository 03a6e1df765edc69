import type { Delivery, Headers, OutgoingMessage } from '../connections/broker.ts';
import type { SinkFile } from '../project/sink-file.ts';
import { jsonText } from './json-text.ts';
import { retryCount, retryCountHeader } from './retry-count.ts';
import { deadLetterRoute, delayQueue, retryDelayMs } from './routes.ts';

/** Why a delivery was not stored. Never holds a value of its body. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  /** Whether another try may end otherwise. */
  readonly retry: boolean;
}

export interface FailedMessage extends OutgoingMessage {
  readonly kind: 'retry' | 'dead_letter';
}

/** A reason is cut at this length: a header is no place for a stack. */
const maxReason = 1000;

/**
 * The message that takes the place of a delivery that failed: one that waits for its next try, or a dead letter. Carries the body, the id
 * and the headers of the original, and what a reader or a replay needs to know of its way.
 */
export function failedMessage(
  sink: Pick<SinkFile, 'name' | 'queue' | 'retry' | 'dead_letter'>,
  delivery: Delivery,
  { code, message, retry }: Failure,
  { now, newId }: { readonly now: Date; readonly newId: () => string },
): FailedMessage {
  const tries = retryCount(delivery.headers);
  const again = retry && tries < sink.retry.max;
  const dead = deadLetterRoute(sink);
  const route = again
    ? { exchange: '', routingKey: delayQueue(sink.queue.name, retryDelayMs(sink.retry, tries + 1)) }
    : { exchange: dead.exchange, routingKey: dead.routingKey };
  const { contentType, contentEncoding, publishedAt } = delivery;
  const at = now.toISOString();
  const firstFailedAt = delivery.headers['x-first-failed-at'];
  return {
    kind: again ? 'retry' : 'dead_letter',
    ...route,
    body: delivery.body,
    messageId: delivery.messageId ?? newId(),
    ...(contentType !== null && { contentType }),
    ...(contentEncoding !== null && { contentEncoding }),
    ...(publishedAt !== null && { publishedAt }),
    headers: {
      ...ownHeaders(delivery.headers),
      [retryCountHeader]: again ? tries + 1 : Math.min(tries, Number.MAX_SAFE_INTEGER),
      'x-error': message.slice(0, maxReason),
      'x-error-code': code,
      'x-sink': sink.name,
      'x-original-queue': sink.queue.name,
      'x-original-exchange': delivery.exchange,
      'x-original-routing-key': delivery.routingKey,
      'x-first-failed-at': tries > 0 && typeof firstFailedAt === 'string' ? firstFailedAt : at,
      'x-last-failed-at': at,
      'x-attempts': Math.min(tries, Number.MAX_SAFE_INTEGER - 1) + 1,
    },
  };
}

/** A delivery that comes from a delay queue, as it came at first: its exchange and routing key are then what the broker made of them. */
export function originalOf(delivery: Delivery, queue: string): Delivery {
  const { headers } = delivery;
  if (headers['x-original-queue'] !== queue) return delivery;
  const exchange = headers['x-original-exchange'];
  const routingKey = headers['x-original-routing-key'];
  if (typeof exchange !== 'string' || typeof routingKey !== 'string') return delivery;
  const { body, messageId, contentType, contentEncoding, publishedAt, redelivered, deliveryCount, key } = delivery;
  return { body, headers, messageId, contentType, contentEncoding, publishedAt, redelivered, deliveryCount, key, exchange, routingKey };
}

/** What brokers note of a message's way; it is about the last one, and would be taken for the next one's. */
const noted = /^x-(death|(first|last)-death-.*|delivery-count|acquired-count)$/;

/** Characters of all headers as JSON. Every header of a message has to fit into 64 KB with ours, else nothing could take its place. */
const maxHeaders = 16_000;

/** Without the largest where they are too large together. */
function ownHeaders(headers: Headers): Headers {
  const own = Object.entries(headers).filter(([name]) => !noted.test(name));
  const lengths = new Map(own.map(([name, value]) => [name, name.length + Buffer.byteLength(jsonText(value) ?? '')]));
  let length = [...lengths.values()].reduce((sum, one) => sum + one, 0);
  for (const [name, one] of [...lengths].sort(([, a], [, b]) => b - a)) {
    if (length <= maxHeaders) break;
    lengths.delete(name);
    length -= one;
  }
  return Object.fromEntries(own.filter(([name]) => lengths.has(name)));
}
