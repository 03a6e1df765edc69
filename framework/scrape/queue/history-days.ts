import type { PostgresConnection, PostgresQueries } from '../../connections/postgres.ts';
import { quoteName, quoteText } from '../../foundation/quote.ts';

/** How many days ahead partitions are made, so that a night without housekeeping does no harm. */
const daysAhead = 3;
const prefix = 'scrape_request_history_';
const parent = 'gccflow.scrape_request_history';

/** Where the history has a partition for each day: which are missing, and which are older than they are to be kept. */
interface Days {
  readonly missing: readonly string[];
  readonly old: readonly string[];
}

/**
 * Prepares the days to come and drops those that ended more than `retainDays` ago. Each takes a lock on the history for a moment; while
 * somebody reads it for long, it is put off to the next time.
 */
export async function keepHistory(session: PostgresConnection, retainDays: number): Promise<void> {
  const { missing, old } = await readDays(session, retainDays);
  for (const day of missing) await inTransaction(session, () => addDay(session, day));
  for (const partition of old) await inTransaction(session, () => session.query(`drop table ${tableOf(partition)}`));
}

async function readDays(session: PostgresQueries, retainDays: number): Promise<Days> {
  const [days] = await session.query<{ missing: string[]; old: string[] }>(daysSql, [daysAhead, retainDays]);
  return { missing: days?.missing ?? [], old: days?.old ?? [] };
}

const daysSql = `
  with day as (select (now() at time zone 'utc')::date + ahead as date from generate_series(0, $1::int) as ahead),
  partition as (
    select relname::text as name, to_date(right(relname, 8), 'YYYYMMDD') as date
    from pg_inherits join pg_class on pg_class.oid = inhrelid
    where inhparent = '${parent}'::regclass and relname ~ '^${prefix}[0-9]{8}$')
  select
    array(select to_char(date, 'YYYYMMDD') from day where date not in (select date from partition) order by date) as missing,
    array(select name from partition where date < (now() at time zone 'utc')::date - $2::int order by date) as old`;

/** What the default partition has of the day moves along: a partition for it could not be attached otherwise. */
async function addDay(session: PostgresQueries, day: string): Promise<void> {
  const table = tableOf(`${prefix}${day}`);
  const [from, to] = [
    `${quoteText(day, 'postgres')}::timestamp at time zone 'utc'`,
    `(${quoteText(day, 'postgres')}::timestamp + interval '1 day') at time zone 'utc'`,
  ];
  await session.query(`create table ${table} (like ${parent} including defaults including constraints)`);
  await session.query(`
    with moved as (delete from ${tableOf(`${prefix}default`)} where ended_at >= ${from} and ended_at < ${to} returning *)
    insert into ${table} select * from moved`);
  const [bounds] = await session.query<{ from: string; to: string }>(`select (${from})::text as from, (${to})::text as to`);
  await session.query(
    `alter table ${parent} attach partition ${table} for values from (${quoteText(bounds?.from ?? '', 'postgres')}) to (${quoteText(bounds?.to ?? '', 'postgres')})`,
  );
}

async function inTransaction(session: PostgresQueries, work: () => Promise<unknown>): Promise<void> {
  await session.query('begin');
  try {
    await session.query(`set local lock_timeout = '300ms'`);
    await work();
    await session.query('commit');
  } catch (thrown) {
    await session.query('rollback').catch(() => {});
    throw thrown;
  }
}

function tableOf(name: string): string {
  return `gccflow.${quoteName(name, 'postgres')}`;
}
