import type { QueueState } from './broker.ts';
import { moveDueMessages } from './embedded-broker-messages.ts';
import type { PostgresQueries } from './postgres.ts';

interface StateRow {
  readonly ready: number;
  readonly unacked: number;
  readonly consumers: number;
  readonly oldest: Date | null;
}

export async function queueExists(queries: PostgresQueries, queue: string): Promise<boolean> {
  return (await queries.query('select from gccflow.broker_queue where name = $1', [queue])).length > 0;
}

/** How full a queue is, as far as PostgreSQL knows: what a process held that died a moment ago still counts as unacked. */
export async function readQueueState(queries: PostgresQueries, queue: string): Promise<QueueState | null> {
  await moveAllDue(queries);
  const [row] = await queries.query<StateRow>(stateSql, [queue]);
  return row === undefined ? null : { name: queue, ...row };
}

/** Removes what is ready; gives back how many. */
export async function purgeQueue(queries: PostgresQueries, queue: string): Promise<number> {
  await moveAllDue(queries);
  const [row] = await queries.query<{ purged: number }>(
    `with purged as (delete from gccflow.broker_message where queue = $1 and holder is null returning id)
     select count(*)::float8 as purged from purged`,
    [queue],
  );
  return row?.purged ?? 0;
}

/** Where no process consumes, nobody else moves what its delay has let go. */
export async function moveAllDue(queries: PostgresQueries): Promise<void> {
  while ((await moveDueMessages(queries)).length > 0);
}

const stateSql = `
  select
    (select count(*) from gccflow.broker_message where queue = name and holder is null)::float8 as ready,
    (select count(*) from gccflow.broker_message where queue = name and holder is not null)::float8 as unacked,
    (select count(*) from gccflow.broker_consumer where queue = name)::float8 as consumers,
    (select published_at from gccflow.broker_message where queue = name and holder is null order by id limit 1) as oldest
  from gccflow.broker_queue where name = $1`;
