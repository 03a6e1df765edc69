import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Postgres } from '../../../framework/connections/postgres.ts';
import { houseLock } from '../../../framework/scrape/queue/housekeeper.ts';
import { openTaskQueue } from '../../../framework/scrape/queue/open-task-queue.ts';
import { end, lease, newTask, queueServers, readTask, scratchQueue } from '../../support/task-queue.ts';

const partitionsSql = `select relname as name from pg_inherits join pg_class on pg_class.oid = inhrelid
  where inhparent = 'gccflow.scrape_request_history'::regclass order by 1`;

async function partitionsOf(postgres: Postgres): Promise<string[]> {
  const rows = await postgres.query<{ name: string }>(partitionsSql);
  return rows.map(({ name }) => name.replace('scrape_request_history_', ''));
}

/** A day of PostgreSQL's, as partitions are named. */
async function dayOf(postgres: Postgres, offset: number): Promise<string> {
  const [row] = await postgres.query<{ day: string }>(`select to_char((now() at time zone 'utc')::date + $1::int, 'YYYYMMDD') as day`, [
    offset,
  ]);
  return row?.day ?? '';
}

for (const [name, server] of Object.entries(queueServers)) {
  test(`days of the history are prepared ahead, and dropped when they are older than they are kept (${name})`, async (context) => {
    await using scratch = await scratchQueue(context, server);
    if (scratch === null) return;
    const { queue, postgres } = scratch;
    await queue.enqueue([newTask(), newTask()]);
    const tasks = await lease(queue, 2);
    await end(queue, tasks);
    const [today, fresh] = tasks;
    assert.ok(today && fresh);
    await queue.keepHouse({ retainDays: 7 });
    const inFuture = await Promise.all([0, 1, 2, 3].map((offset) => dayOf(postgres, offset)));
    const old = await dayOf(postgres, -8);
    await postgres.query(`create table gccflow.scrape_request_history_${old} partition of gccflow.scrape_request_history
      for values from ('${old} 00:00+00') to (timestamptz '${old} 00:00+00' + interval '1 day')`);
    await postgres.query(`update gccflow.scrape_request_history set ended_at = now() - interval '8 days' where id = $1`, [today.id]);

    const before = await partitionsOf(postgres);
    await using again = await openTaskQueue(postgres); // what was done lately is not looked at again by the same one
    await again.keepHouse({ retainDays: 7 });
    const after = await partitionsOf(postgres);

    assert.deepEqual(before.toSorted(), [...inFuture, old, 'default'].toSorted());
    assert.deepEqual(after.toSorted(), [...inFuture, 'default'].toSorted());
    assert.equal(await readTask(postgres, today.id), undefined);
    assert.equal((await readTask(postgres, fresh.id))?.status, 'COMPLETE');
  });

  test(`what ended on a day without a partition moves into it when it is made (${name})`, async (context) => {
    await using scratch = await scratchQueue(context, server);
    if (scratch === null) return;
    const { queue, postgres } = scratch;
    for (const day of await partitionsOf(postgres)) {
      if (day !== 'default') await postgres.query(`drop table gccflow.scrape_request_history_${day}`);
    }
    await queue.enqueue([newTask()]);
    const [task] = await lease(queue, 1);
    assert.ok(task);
    await end(queue, [task]);

    await queue.keepHouse({ retainDays: 7 });

    const [row] = await postgres.query<{ place: string }>('select tableoid::regclass::text as place from gccflow.scrape_request_history');
    assert.equal(row?.place, `gccflow.scrape_request_history_${await dayOf(postgres, 0)}`);
    assert.equal((await readTask(postgres, task.id))?.status, 'COMPLETE');
  });
}

test('somebody who reads the history for long puts the dropping of days off, and nothing else', async (context) => {
  await using scratch = await scratchQueue(context);
  assert.ok(scratch);
  const { queue, postgres } = scratch;
  const old = await dayOf(postgres, -9);
  await postgres.query(`create table gccflow.scrape_request_history_${old} partition of gccflow.scrape_request_history
    for values from ('${old} 00:00+00') to (timestamptz '${old} 00:00+00' + interval '1 day')`);
  await queue.enqueue([newTask({ expiresAt: { at: new Date(0) } })]);

  const work = await postgres.transaction(async (session) => {
    await session.query('select count(*) from gccflow.scrape_request_history');
    return queue.keepHouse({ retainDays: 7 });
  });
  const kept = await partitionsOf(postgres);
  await using again = await openTaskQueue(postgres);
  await again.keepHouse({ retainDays: 7 });

  assert.equal(work.expired, 1);
  assert.ok(kept.includes(old));
  assert.ok(!(await partitionsOf(postgres)).includes(old));
});

test('keys are forgotten when they are older than they are kept', async (context) => {
  await using scratch = await scratchQueue(context);
  assert.ok(scratch);
  const { queue, postgres } = scratch;
  const tasks = [newTask({ idempotencyKey: 'old' }), newTask({ idempotencyKey: 'new' })];
  await queue.enqueue(tasks);
  await postgres.query(`update gccflow.scrape_request_key set created_at = now() - interval '8 days' where key = 'old'`);

  await queue.keepHouse({ retainDays: 7 });

  const { ids } = await queue.enqueue(tasks);
  assert.deepEqual(
    ids.map((id) => id !== null),
    [true, false],
  );
});

test('of several that keep the house at once one does it, and the others find nothing to do', async (context) => {
  await using scratch = await scratchQueue(context);
  assert.ok(scratch);
  const { queue, postgres } = scratch;
  await queue.enqueue(Array.from({ length: 50 }, () => newTask({ expiresAt: { at: new Date(0) } })));

  const works = await Promise.all([1, 2, 3, 4].map(() => queue.keepHouse({ retainDays: 7 })));

  const expired = works.reduce((sum, work) => sum + work.expired, 0);
  assert.equal(expired, 50);
  assert.ok(works.every(({ nextInMs }) => nextInMs >= 0 && nextInMs <= 1_000));
  const locks = await postgres.query(`select 1 from pg_locks where locktype = 'advisory' and objid = $1`, [houseLock]);
  assert.deepEqual(locks, []);
});

test('who keeps the house says when it is needed next', async (context) => {
  await using scratch = await scratchQueue(context);
  assert.ok(scratch);
  const { queue, postgres } = scratch;
  const idle = await queue.keepHouse({ retainDays: 7 });
  await queue.enqueue([newTask({ runAt: { inMs: 500 } })]);
  await postgres.query(`update gccflow.scrape_request_log set run_at = now() + interval '500 milliseconds'`);

  const { nextInMs } = await queue.keepHouse({ retainDays: 7 });

  assert.equal(idle.nextInMs, 1_000);
  assert.ok(nextInMs < 501, `${nextInMs} ms`);
});
