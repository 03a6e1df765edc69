import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scratchPostgres } from '../support/postgres.ts';
import { until } from '../support/until.ts';

test('a session hears what is notified on its channel, until it is disposed', async () => {
  await using scratch = await scratchPostgres();
  const { postgres, schema } = scratch;
  const heard: string[] = [];
  {
    await using session = await postgres.session();
    await session.listen(schema, (payload) => heard.push(payload));
    await postgres.query(`select pg_notify($1, 'first'), pg_notify('other', 'no'), pg_notify($1, 'second')`, [schema]);
    await until(
      () => heard.length === 2,
      () => `heard ${heard.join()}`,
    );
  }

  await postgres.query(`select pg_notify($1, 'late')`, [schema]);
  await postgres.query('select 1');

  assert.deepEqual(heard, ['first', 'second']);
});

test('a connection whose work was cancelled while it was committed is not used again', async () => {
  await using scratch = await scratchPostgres();
  const { postgres } = scratch;
  const pidOf = async ({ query }: { query<Row>(sql: string): Promise<Row[]> }) =>
    (await query<{ pid: number }>('select pg_backend_pid() as pid'))[0]?.pid;
  const cancelled = new AbortController();

  const pid = await postgres.transaction(async (session) => {
    const own = await pidOf({ query: (sql) => session.query(sql) });
    setImmediate(() => cancelled.abort()); // when the commit is on its way
    return own;
  }, cancelled.signal);
  const later = await Promise.all(Array.from({ length: 8 }, () => pidOf({ query: (sql) => postgres.query(sql) })));

  assert.ok(!later.includes(pid));
});

test('a session that ends by itself says so once, one that is disposed does not', async () => {
  await using scratch = await scratchPostgres();
  const { postgres } = scratch;
  const lost: string[] = [];
  {
    await using disposed = await postgres.session();
    disposed.watch((reason) => lost.push(`disposed: ${reason}`));
  }

  await using session = await postgres.session();
  session.watch((reason) => lost.push(reason));
  const [row] = await session.query<{ pid: number }>('select pg_backend_pid() as pid');
  await postgres.query('select pg_terminate_backend($1)', [row?.pid]);
  await until(() => lost.length > 0, 'nobody told');
  await assert.rejects(session.query('select 1'), { code: 'POSTGRES_UNREACHABLE' });

  assert.equal(lost.length, 1);
  assert.match(lost[0] ?? '', /does not answer: terminating connection/);
});

test('a prepared statement is run again and again, and forgotten with its session', async () => {
  await using scratch = await scratchPostgres();
  const { postgres } = scratch;
  const run = async (sql: string) => {
    await using session = await postgres.session();
    const first = await session.prepared<{ sum: number }>('sum', sql, [1, 2]);
    const second = await session.prepared<{ sum: number }>('sum', sql, [3, 4]);
    await assert.rejects(session.prepared('broken', 'select * from no_such_table', []), { code: 'POSTGRES_QUERY' });
    const names = await session.query(`select name from pg_prepared_statements order by name`);
    return [first[0]?.sum, second[0]?.sum, names.length];
  };

  assert.deepEqual(await run('select $1::int + $2::int as sum'), [3, 7, 1]);
  assert.deepEqual(await run('select $1::int * $2::int as sum'), [2, 12, 1]);
});
