import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openPostgres } from '../../../framework/connections/open-postgres.ts';
import { openTaskQueue } from '../../../framework/scrape/queue/open-task-queue.ts';
import type { TaskQueue } from '../../../framework/scrape/queue/task-queue.ts';
import { type FaultProxy, faultProxy } from '../../support/fault-proxy.ts';
import { end, lease, newTask, queueServers, readTask, type ScratchQueue, scratchQueue } from '../../support/task-queue.ts';
import { silentLog } from '../../support/warehouse.ts';

interface Faulty extends AsyncDisposable {
  readonly scratch: ScratchQueue;
  /** The same queue, behind the proxy. */
  readonly queue: TaskQueue;
  readonly proxy: FaultProxy;
}

/** Null where the machine has no server, and the test is skipped. */
async function faultyQueue(context: TestContext): Promise<Faulty | null> {
  await using opening = new AsyncDisposableStack();
  const scratch = await scratchQueue(context, queueServers.server);
  if (scratch === null) return null;
  opening.use(scratch);
  const [row] = await scratch.postgres.query<{ name: string }>('select current_database() as name');
  const proxy = opening.use(await faultProxy(5432));
  const postgres = opening.use(
    await openPostgres(
      { type: 'postgres', url: `postgres://postgres@127.0.0.1:${proxy.port}/${row?.name}` },
      { projectDir: '.', maxConnections: 4, log: silentLog },
    ),
  );
  const queue = opening.use(await openTaskQueue(postgres));
  const opened = opening.move();
  return { scratch, queue, proxy, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

const wish = (limit: number) => [{ flow: 'f', limit, leaseMs: 60_000 }];

test('tasks whose lease was granted in an answer that got lost are given to the next call of the worker, in the same attempt', async (context) => {
  await using faulty = await faultyQueue(context);
  if (faulty === null) return;
  const { queue, proxy, scratch } = faulty;
  await scratch.queue.enqueue(Array.from({ length: 10 }, (_, n) => newTask({ params: { n }, maxAttempts: 1 })));
  await queue.exchange([], wish(0), 'w');
  proxy.fault(({ direction }) => (direction === 'answer' ? 'cut' : 'pass'));
  await assert.rejects(queue.exchange([], wish(6), 'w'), { code: 'POSTGRES_UNREACHABLE' });
  proxy.heal();

  const { leased } = await queue.exchange([], wish(4), 'w');
  const rest = await lease(scratch.queue, 10);

  assert.deepEqual(
    leased.map(({ attempt }) => attempt),
    [1, 1, 1, 1],
  );
  const all = [...leased, ...rest];
  assert.equal(new Set(all.map(({ id }) => id)).size, 10);
  assert.ok(all.every(({ isLastTry }) => isLastTry));
  assert.deepEqual(await end(scratch.queue, all), []);
});

test('a task that was ended in an answer that got lost is not called lost when it is ended again', async (context) => {
  await using faulty = await faultyQueue(context);
  if (faulty === null) return;
  const { queue, proxy, scratch } = faulty;
  await scratch.queue.enqueue([newTask(), newTask(), newTask()]);
  const { leased } = await queue.exchange([], wish(3), 'w');
  const [done, failed, stolen] = leased;
  assert.ok(done && failed && stolen);
  const error = { code: 'X', message: 'no', place: null };
  const ended = [
    { ...done, settlement: { kind: 'complete' } },
    { ...failed, settlement: { kind: 'failed', error, retryInMs: 60_000 } },
  ] as const;
  await scratch.postgres.query('update gccflow.scrape_request_log set attempt = 7 where id = $1', [stolen.id]);
  proxy.fault(({ direction }) => (direction === 'answer' ? 'cut' : 'pass'));
  await assert.rejects(queue.exchange(ended, [], 'w'), { code: 'POSTGRES_UNREACHABLE' });
  proxy.heal();

  const { lost } = await queue.exchange([...ended, { ...stolen, settlement: { kind: 'complete' } }], [], 'w');

  assert.deepEqual(lost, [stolen.id]);
  assert.equal((await readTask(scratch.postgres, done.id))?.status, 'COMPLETE');
  assert.deepEqual((await readTask(scratch.postgres, failed.id))?.errors?.length, 1);
});

test('tasks that a call has leased before a later statement of it was refused are given to the next call', async (context) => {
  await using faulty = await faultyQueue(context);
  if (faulty === null) return;
  const { queue, proxy, scratch } = faulty;
  await scratch.queue.enqueue([newTask({ maxAttempts: 1 }), newTask({ maxAttempts: 1 })]);
  await queue.exchange([], wish(0), 'w');
  proxy.fault(({ direction }) => (direction === 'answer' ? 'cut' : 'pass'));
  await assert.rejects(queue.exchange([], wish(2), 'w'), { code: 'POSTGRES_UNREACHABLE' });
  proxy.heal();
  const refused = { id: 'no number', attempt: 1, settlement: { kind: 'complete' } } as const;
  await assert.rejects(queue.exchange([refused], wish(2), 'w'), { code: 'POSTGRES_QUERY' });

  const { leased } = await queue.exchange([], wish(2), 'w');

  assert.deepEqual(
    leased.map(({ attempt }) => attempt),
    [1, 1],
  );
});

test('a queue goes on after PostgreSQL ended all its connections', async (context) => {
  await using faulty = await faultyQueue(context);
  if (faulty === null) return;
  const { queue, scratch } = faulty;
  await scratch.queue.enqueue([newTask()]);
  await queue.exchange([], wish(0), 'w');

  await scratch.postgres.query(
    `select pg_terminate_backend(pid, 20000) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
  );

  const { leased } = await queue.exchange([], wish(1), 'w').catch(() => queue.exchange([], wish(1), 'w'));
  assert.equal(leased.length, 1);
});
