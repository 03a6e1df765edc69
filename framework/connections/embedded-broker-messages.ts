import type { PostgresQueries } from './postgres.ts';

/** A message as it is claimed. */
export interface MessageRow {
  readonly id: string;
  readonly body: Buffer;
  readonly exchange: string;
  readonly routing_key: string;
  readonly message_id: string | null;
  readonly content_type: string | null;
  readonly content_encoding: string | null;
  /** JSON of an object; null for none. */
  readonly headers: string | null;
  /** Seconds since 1970. */
  readonly published_s: number;
  /** Deliveries so far, this one included. */
  readonly deliveries: number;
}

/** One copy of a message on its way into one queue. Texts without a zero character, which PostgreSQL does not take. */
export interface StoredMessage {
  readonly queue: string;
  readonly delayMs: number | null;
  readonly exchange: string;
  readonly routingKey: string;
  readonly messageId: string;
  readonly contentType: string | null;
  readonly contentEncoding: string | null;
  readonly headers: string | null;
  /** Seconds since 1970; null for now. */
  readonly publishedS: number | null;
  readonly body: Buffer;
}

export interface Claim {
  readonly holder: number;
  readonly queue: string;
  /** Where the search begins: before it stand the remains of what was claimed, which only a vacuum removes. */
  readonly fromId: number;
  readonly limit: number;
  readonly acked: readonly number[];
}

/** What a session has settled since its last statement. */
export interface Settled {
  readonly acked: readonly number[];
  readonly requeued: readonly number[];
}

/**
 * Stores copies of messages in their order, in one transaction, if the topology still is of `version`; gives back the version it is of.
 * The bodies travel as one binary value that the server cuts: an array of them would be sent as hexadecimal text, twice the size.
 */
export async function storeMessages(postgres: PostgresQueries, version: string, messages: readonly StoredMessage[]): Promise<string> {
  const starts: number[] = [];
  let length = 0;
  for (const { body } of messages) {
    starts.push(length + 1);
    length += body.length;
  }
  const bodies = messages.map(({ body }) => body);
  const [row] = await postgres.query<{ version: string }>(storeSql, [
    version,
    messages.map(({ queue }) => queue),
    messages.map(({ delayMs }) => delayMs),
    messages.map(({ exchange }) => exchange),
    messages.map(({ routingKey }) => routingKey),
    messages.map(({ messageId }) => messageId),
    messages.map(({ contentType }) => contentType),
    messages.map(({ headers }) => headers),
    starts,
    bodies.map((body) => body.length),
    Buffer.concat(bodies, length),
    messages.map(({ publishedS }) => publishedS),
    messages.map(({ contentEncoding }) => contentEncoding),
  ]);
  return row?.version ?? '';
}

const storeSql = `
  with topology as (select version from gccflow.broker_topology),
  stored as (
    insert into gccflow.broker_message
      (queue, due_at, published_at, exchange, routing_key, message_id, content_type, content_encoding, headers, body)
    select queue, now() + delay_ms * interval '1 millisecond', coalesce(to_timestamp(published_s), date_trunc('second', now())), exchange,
           routing_key, message_id, content_type, content_encoding, headers, substring($11::bytea from start for length)
    from topology, unnest($2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::int[], $10::int[],
                          $12::float8[], $13::text[])
         as message (queue, delay_ms, exchange, routing_key, message_id, content_type, headers, start, length, published_s, content_encoding)
    where topology.version = $1)
  select version from topology`;

/**
 * Gives a session the first `limit` ready messages of a queue, in the queue's order, and removes what it has acked. Several that claim
 * at once never get the same message: each skips the rows that another has locked.
 */
export async function claimMessages(session: PostgresQueries, { holder, queue, fromId, limit, acked }: Claim): Promise<MessageRow[]> {
  const rows = await session.query<MessageRow>(claimSql, [holder, queue, limit, arrayOf(acked), fromId]);
  return rows.sort((one, other) => Number(one.id) - Number(other.id));
}

const claimSql = `
  with acked as (delete from gccflow.broker_message where id = any($4::bigint[]) and holder = $1)
  update gccflow.broker_message set holder = $1, deliveries = deliveries + 1
  where ctid = any(array(
    select ctid from gccflow.broker_message where queue = $2 and holder is null and id >= $5
    order by id limit $3 for update skip locked))
  returning id, body, exchange, routing_key, message_id, content_type, content_encoding, headers,
    extract(epoch from published_at)::float8 as published_s, deliveries`;

/** Removes what a session has acked, and gives back what it does not want; gives back the queues of the latter. */
export async function settleMessages(session: PostgresQueries, holder: number, { acked, requeued }: Settled): Promise<string[]> {
  return queuesOf(await session.query(settleSql, [holder, arrayOf(acked), arrayOf(requeued)]));
}

const settleSql = `
  with acked as (delete from gccflow.broker_message where id = any($2::bigint[]) and holder = $1),
  requeued as (update gccflow.broker_message set holder = null where id = any($3::bigint[]) and holder = $1 returning queue)
  select distinct queue from requeued`;

/**
 * Gives back what sessions held, and forgets the sessions; gives back the queues concerned. Only for sessions whose lock was found free
 * by an earlier statement: this one's snapshot then holds everything that they ever claimed.
 */
export async function releaseSessions(session: PostgresQueries, holders: readonly number[]): Promise<string[]> {
  return queuesOf(await session.query(releaseSql, [arrayOf(holders)]));
}

const releaseSql = `
  with gone as (delete from gccflow.broker_session where id = any($1::int[])),
  requeued as (update gccflow.broker_message set holder = null where holder = any($1::int[]) returning queue)
  select distinct queue from requeued`;

/** Puts messages whose delay is over into their queues, 1000 at most, as new ones; gives back the queues. */
export async function moveDueMessages(session: PostgresQueries): Promise<string[]> {
  return queuesOf(await session.query(moveSql));
}

const moveSql = `
  with due as (
    select message.id, waiting.delay_queue as queue, target.delay_ms
    from gccflow.broker_message message
    join gccflow.broker_queue waiting on waiting.name = message.queue
    join gccflow.broker_queue target on target.name = waiting.delay_queue
    where message.due_at <= now() and message.holder is null
    order by message.due_at, message.id limit 1000 for update of message skip locked),
  gone as (
    delete from gccflow.broker_message message using due where message.id = due.id
    returning message.id, due.queue, due.delay_ms, due_at, published_at, message_id, content_type, content_encoding, headers, body),
  moved as (
    insert into gccflow.broker_message
      (queue, due_at, published_at, exchange, routing_key, message_id, content_type, content_encoding, headers, body)
    select queue, now() + delay_ms * interval '1 millisecond', published_at, '', queue, message_id, content_type, content_encoding, headers,
           body
    from gone order by gone.due_at, gone.id
    returning queue)
  select distinct queue from moved`;

const queuesOf = (rows: readonly Record<string, unknown>[]): string[] => rows.map(({ queue }) => String(queue));

/** The text of an array parameter. */
const arrayOf = (ids: readonly number[]): string => `{${ids.join(',')}}`;
