import type { AddEvents } from './outbox.ts';

/** Rows of one statement at most. */
const together = 5000;

/** Puts events into the outbox in their order, as part of the caller's transaction. */
export const addEvents: AddEvents = async (session, events) => {
  for (let from = 0; from < events.length; from += together) {
    const some = events.slice(from, from + together);
    await session.query(insertSql, [
      some.map(({ exchange }) => exchange),
      some.map(({ routingKey }) => routingKey),
      some.map(({ messageId }) => messageId),
      some.map(({ body }) => JSON.stringify(body)),
      some.map(({ body }) => body.event_timestamp === undefined),
    ]);
  }
};

/** `with ordinality`, as the ids have to follow the events' order. */
const insertSql = `
  insert into gccflow.event_outbox (exchange, routing_key, message_id, body)
  select exchange, routing_key, message_id,
    case when is_timeless
      then left(body, -1) || ',"event_timestamp":"' || to_char(now() at time zone 'utc', 'YYYY-MM-DD HH24:MI:SS') || '"}' else body end
  from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::boolean[]) with ordinality
    as event (exchange, routing_key, message_id, body, is_timeless, n)
  order by n`;
