import type { PostgresQueries } from '../../connections/postgres.ts';

/** A row of the outbox. */
export interface WaitingEvent {
  readonly id: string;
  readonly exchange: string;
  readonly routing_key: string;
  readonly message_id: string;
  /** JSON. */
  readonly body: string;
  readonly failures: number;
  readonly created_at: Date;
}

/** Locks the events that fell due first, until the end of the transaction; those that another relay has locked are passed over. */
export function lockEvents(session: PostgresQueries, limit: number): Promise<WaitingEvent[]> {
  return session.query<WaitingEvent>(lockSql, [limit]);
}

const lockSql = `
  select id, exchange, routing_key, message_id, body, failures, created_at
  from gccflow.event_outbox where due_at <= now() order by due_at, id limit $1 for update skip locked`;

/** Removes events that the broker has. */
export async function removeEvents(session: PostgresQueries, ids: readonly string[]): Promise<void> {
  await session.query('delete from gccflow.event_outbox where id = any($1::bigint[])', [ids]);
}

export interface PutOff {
  readonly id: string;
  readonly waitMs: number;
  /** Why. */
  readonly error: string;
}

/** Lets events that the broker would not have wait, and counts the failure. */
export async function putOffEvents(session: PostgresQueries, events: readonly PutOff[]): Promise<void> {
  await session.query(putOffSql, [events.map(({ id }) => id), events.map(({ waitMs }) => waitMs), events.map(({ error }) => error)]);
}

const putOffSql = `
  update gccflow.event_outbox as waiting
  set failures = failures + 1, due_at = clock_timestamp() + put_off.wait_ms * interval '1 millisecond', error = put_off.error
  from unnest($1::bigint[], $2::float8[], $3::text[]) as put_off (id, wait_ms, error)
  where waiting.id = put_off.id`;

export interface OutboxState {
  /** Events that wait, capped at 100,000: to count more would cost more than it tells. */
  readonly waiting: number;
  /** Those of them that are not put off, capped likewise. */
  readonly due: number;
  /** How long the one that fell due first has been due; 0 where none is. */
  readonly lagSeconds: number;
}

/** How far the relays are behind. */
export async function inspectOutbox(queries: PostgresQueries): Promise<OutboxState> {
  const [row] = await queries.query<{ waiting: string; due: string; lag: string | null }>(inspectSql);
  return { waiting: Number(row?.waiting ?? 0), due: Number(row?.due ?? 0), lagSeconds: Math.max(0, Number(row?.lag ?? 0)) };
}

const inspectSql = `
  select (select count(*) from (select from gccflow.event_outbox limit 100000) as counted) as waiting,
    (select count(*) from (select from gccflow.event_outbox where due_at <= now() limit 100000) as counted) as due,
    (select extract(epoch from now() - min(due_at)) from gccflow.event_outbox) as lag`;
