import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Postgres } from '../../../framework/connections/postgres.ts';
import { GccflowError } from '../../../framework/foundation/error.ts';
import { addEvents } from '../../../framework/scrape/outbox/add-events.ts';
import type { AddEvents, OutboxEvent } from '../../../framework/scrape/outbox/outbox.ts';
import { flowLab } from '../../support/flow-lab.ts';
import { comeDue, embeddedServer, lease, runOutLeases } from '../../support/task-queue.ts';
import { until } from '../../support/until.ts';

const flow = {
  params: { platform: 'string' },
  retrieve: { api: 'graphapi', path: '/me' },
  output: { id: 'string', followers: 'integer' },
  process: [
    { upsert: { table: 'SCHEMA.account', key: 'id', create: true } },
    {
      emit: {
        routing_key: 'profile_log',
        exchange: 'beat.dx',
        body: { profile_id: 'record.id', metrics: { followers: 'record.followers' } },
      },
    },
    { enqueue: { flow: 'posts', params: { id: 'record.id' } } },
  ],
};
const others = { posts: { params: { id: 'string' } } };
const answer = () => [
  { id: 'a', followers: 1 },
  { id: 'b', followers: 2 },
];

test('rows, events, follow-up tasks and the end of the task are one transaction', async (context) => {
  await using lab = await flowLab(context, { flow, others, answer });
  const task = await lab.lease({ platform: 'instagram' });

  const outcome = await lab.run(task);

  assert.deepEqual(outcome, { kind: 'settled' });
  assert.equal(await lab.statusOf(task), 'COMPLETE');
  assert.deepEqual(await lab.rows('account'), [
    { id: 'a', followers: '1' },
    { id: 'b', followers: '2' },
  ]);
  assert.deepEqual(
    (await lab.waiting()).map(({ flow: name, params }) => [name, params]),
    [
      ['posts', { id: 'a' }],
      ['posts', { id: 'b' }],
    ],
  );
  const [first, second] = await lab.events();
  assert.deepEqual(first?.body, {
    profile_id: 'a',
    metrics: { followers: 1 },
    event_id: first?.message_id,
    source: 'graphapi',
    platform: 'instagram',
    event_timestamp: first?.written_at,
  });
  assert.deepEqual([first.exchange, first.routing_key], ['beat.dx', 'profile_log']);
  assert.notEqual(first.message_id, second?.message_id);
});

test('a worker that has lost its lease writes nothing', async (context) => {
  await using lab = await flowLab(context, { flow, others, answer });
  const task = await lab.lease({ platform: 'instagram' });
  await runOutLeases(lab.postgres);
  await lab.queue.keepHouse({ retainDays: 7 });
  await comeDue(lab.postgres);
  await lab.queue.keepHouse({ retainDays: 7 });
  const [again] = await lease(lab.queue, 1, 'refresh', 'other');

  const late = await lab.run(task);

  assert.deepEqual(late, { kind: 'returned', reason: 'the lease was lost', waitMs: 0 });
  assert.deepEqual(await lab.rows('account'), []);
  assert.deepEqual(await lab.events(), []);
  assert.deepEqual(await lab.waiting(), []);

  assert.ok(again);
  assert.deepEqual(await lab.run(again), { kind: 'settled' });
  assert.equal((await lab.rows('account')).length, 2);
});

test('a failure between the steps leaves nothing of any', async (context) => {
  const files = { 'flows/fail.ts': "export default () => { throw new Error('no'); };" };
  await using lab = await flowLab(context, { flow: { ...flow, process: [...flow.process, { run: './fail.ts' }] }, others, answer, files });
  const task = await lab.lease({ platform: 'instagram' });

  const outcome = await lab.run(task);

  assert.equal(outcome.kind, 'failed');
  assert.equal(await lab.statusOf(task), 'PROCESSING');
  assert.deepEqual([await lab.rows('account'), await lab.events(), await lab.waiting()], [[], [], []]);
});

test('a connection that is killed between the steps leaves nothing, and the task is given back', async (context) => {
  const files = {
    'flows/hold.ts': `export default async (_records: unknown, { db }: { db: { query(sql: string): Promise<unknown> } }) => {
      await db.query("select pg_terminate_backend(pg_backend_pid())");
    };`,
  };
  await using lab = await flowLab(context, { flow: { ...flow, process: [...flow.process, { run: './hold.ts' }] }, others, answer, files });

  const outcome = await lab.runOnce({ platform: 'instagram' });

  assert.equal(outcome.kind, 'returned');
  assert.ok(outcome.kind === 'returned' && outcome.waitMs >= 5000 && outcome.waitMs <= 10_000);
  assert.deepEqual([await lab.rows('account'), await lab.events(), await lab.waiting()], [[], [], []]);
});

test('a task whose commit was carried out, but its answer lost, stays complete and is not run again', async (context) => {
  await using lab = await flowLab(context, { flow, others, answer, deps: { postgres: async () => deafAtCommit(await embeddedServer()) } });
  const task = await lab.lease({ platform: 'instagram' });

  const outcome = await lab.run(task);
  assert.equal(outcome.kind, 'returned');
  const { lost } = await lab.queue.exchange([{ ...task, settlement: outcome }], [{ flow: 'refresh', limit: 1, leaseMs: 60_000 }], 'w');

  assert.deepEqual(lost, [task.id]);
  assert.equal(await lab.statusOf(task), 'COMPLETE');
  assert.deepEqual(await lease(lab.queue, 1, 'refresh'), []);
  assert.equal((await lab.rows('account')).length, 2);
  assert.equal((await lab.events()).length, 2);
  assert.equal((await lab.waiting()).length, 2);
});

/** Does not hear of the commit that ends a task. */
function deafAtCommit(postgres: Postgres): Postgres {
  return {
    kind: postgres.kind,
    version: postgres.version,
    query: (sql, params) => postgres.query(sql, params),
    session: () => postgres.session(),
    transaction: async (work, signal) => {
      const result = await postgres.transaction(work, signal);
      const ended = await postgres.query('select from gccflow.scrape_request_history');
      if (ended.length > 0) throw new GccflowError('POSTGRES_UNREACHABLE', 'The connection was lost.');
      return result;
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

test('an attempt that is aborted while it writes leaves nothing', async (context) => {
  const files = {
    'flows/sleep.ts': `export default async (_records: unknown, { db }: { db: { query(sql: string): Promise<unknown> } }) => {
      await db.query('select pg_sleep(600) /* gccflow_flow_sleep */');
    };`,
  };
  await using lab = await flowLab(context, { flow: { ...flow, process: [...flow.process, { run: './sleep.ts' }] }, others, answer, files });
  const controller = new AbortController();
  const running = lab.run(await lab.lease({ platform: 'instagram' }), controller.signal);
  const sleeping = `select from pg_stat_activity where query like '%gccflow_flow_sleep%' and pid <> pg_backend_pid()`;
  await until(async () => (await lab.postgres.query(sleeping)).length > 0);

  controller.abort(new Error('the lease was lost'));

  assert.deepEqual(await running, { kind: 'returned', reason: 'the attempt was stopped', waitMs: 0 });
  assert.deepEqual([await lab.rows('account'), await lab.events(), await lab.waiting()], [[], [], []]);
});

test('a repeat of a task makes the same events, under the same ids', async (context) => {
  const attempts: (readonly OutboxEvent[])[] = [];
  const failOnce: AddEvents = async (session, events) => {
    attempts.push(events);
    if (attempts.length === 1) throw new Error('no');
    await addEvents(session, events);
  };
  await using lab = await flowLab(context, { flow, others, answer, deps: { addEvents: failOnce } });
  const task = await lab.lease({ platform: 'instagram' });

  const outcomes = [await lab.run(task), await lab.run(task)];

  assert.deepEqual(
    outcomes.map(({ kind }) => kind),
    ['failed', 'settled'],
  );
  assert.deepEqual(attempts[0], attempts[1]);
  assert.deepEqual(
    (await lab.events()).map(({ message_id }) => message_id),
    attempts[0]?.map(({ messageId }) => messageId),
  );
});

test('events tell the time of PostgreSQL, whatever the clock of the host says', async (context) => {
  await using lab = await flowLab(context, { flow, others, answer });
  context.mock.timers.enable({ apis: ['Date'], now: new Date('2001-01-01') });

  await lab.runOnce({ platform: 'instagram' });

  const [event] = await lab.events();
  assert.equal(event?.body.event_timestamp, event?.written_at);
  assert.doesNotMatch(String(event?.written_at), /^2001/);
});

test('a flow that writes nothing is left to the worker to settle', async (context) => {
  await using lab = await flowLab(context, {
    flow: { ...flow, process: flow.process.map((step) => ({ ...step, when: 'record.followers > 9' })) },
    others,
    answer,
  });

  assert.deepEqual(await lab.runOnce({ platform: 'instagram' }), { kind: 'complete' });
});
