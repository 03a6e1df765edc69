import type { OutgoingMessage } from '../connections/broker.ts';
import type { IngestRoute } from '../project/ingest-file.ts';
import { digestOf } from './event-groups.ts';
import type { Parcel } from './intake.ts';
import { valueAt } from './read-json.ts';
import { Refusal } from './refusal.ts';

/** A request to a declared route. */
export interface Webhook {
  /** As it came; it is published so, for numbers beyond 2^53 and the sender's own spelling. */
  readonly body: Buffer;
  readonly value: Readonly<Record<string, unknown>>;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** AMQP carries ids of 255 bytes at most. */
const maxIdBytes = 200;

/** What a request to a declared route becomes: one message for each exchange that wants it, all under one id. Throws Refusal where none does. */
export function parcelOf(route: IngestRoute, webhook: Webhook): Parcel {
  const wanted = route.publish.filter(({ when }) => when === null || isThere(valueAt(webhook.value, when)));
  if (wanted.length === 0) {
    const fields = route.publish.map(({ when }) => `'${when}'`).join(', ');
    throw new Refusal('invalid', `At least one of these fields is expected: ${fields}.`);
  }
  const messageId = idOf(route, webhook);
  const headers = messageHeaders(route, webhook);
  const messages = wanted.map(
    ({ exchange, routing_key }): OutgoingMessage => ({
      exchange,
      routingKey: routing_key,
      body: webhook.body,
      messageId,
      headers,
      contentType: 'application/json',
    }),
  );
  return { route: route.path, events: 1, messages };
}

const isThere = (value: unknown): boolean => value !== undefined && value !== null;

function idOf({ id_from }: IngestRoute, { body, value, headers }: Webhook): string {
  const given = id_from === null ? undefined : idAt(id_from, value, headers);
  // A number beyond 2^53 would be rounded, and two events would share an id.
  const isId = (typeof given === 'string' && given !== '') || Number.isSafeInteger(given);
  const id = isId ? String(given) : digestOf(body);
  return Buffer.byteLength(id) <= maxIdBytes ? id : digestOf(id);
}

function idAt(from: string, value: Webhook['value'], headers: Webhook['headers']): unknown {
  const [, place, name = ''] = /^(header|body):(.+)$/.exec(from) ?? [];
  return place === 'header' ? headers[name.toLowerCase()] : valueAt(value, name);
}

function messageHeaders(route: IngestRoute, { headers }: Webhook): Record<string, string> {
  const named = route.headers.map((name) => name.toLowerCase());
  return Object.fromEntries(
    named.flatMap((name) => {
      const value = headers[name];
      return value === undefined ? [] : [[name, typeof value === 'string' ? value : value.join(', ')]];
    }),
  );
}
