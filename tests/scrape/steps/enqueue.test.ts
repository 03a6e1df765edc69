import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flowLab } from '../../support/flow-lab.ts';

const retrieve = { api: 'graphapi', path: '/{id}', query: { after: '{cursor}' } };
const params = { id: 'string', cursor: 'string?' };

test('the next page is one task, as long as there is one', async (context) => {
  const pages = [{ users: [{ id: 1 }, { id: 2 }], next: 'c2' }, { users: [], next: 'c3' }, { users: [{ id: 3 }] }];
  await using lab = await flowLab(context, {
    flow: {
      params,
      retrieve,
      parse: { each: 'users', fields: { id: 'id' }, page: { next: 'next' } },
      process: [
        { upsert: { table: 'SCHEMA.follower', key: 'id', create: true, columns: { id: 'record.id' } } },
        { enqueue: { flow: 'refresh', once: true, params: { id: 'params.id', cursor: 'page.next' } }, when: '$exists(page.next)' },
      ],
      output: { id: 'integer' },
    },
    answer: () => pages.shift(),
  });

  assert.deepEqual(await lab.runOnce({ id: 'a' }), { kind: 'settled' });
  for (const cursor of ['c2', 'c3']) {
    assert.deepEqual(
      (await lab.waiting()).map((task) => task.params),
      [{ id: 'a', cursor }],
    );
    const { leased } = await lab.queue.exchange([], [{ flow: 'refresh', limit: 5, leaseMs: 60_000 }], 'w');
    for (const task of leased) await lab.run(task);
  }

  assert.deepEqual(await lab.waiting(), []);
  assert.deepEqual(
    lab.calls.map(({ query }) => query.after),
    [undefined, 'c2', 'c3'],
  );
  assert.deepEqual(
    (await lab.rows('follower')).map(({ id }) => id),
    ['1', '2', '3'],
  );
});

test('each record may get a task of another flow, with its priority and delay', async (context) => {
  await using lab = await flowLab(context, {
    flow: {
      params,
      retrieve,
      process: [
        {
          enqueue: { flow: 'posts', params: { id: 'record.id', size: 5, bio: 'record.bio' }, priority: 7, delay: '1h' },
          when: 'record.id != "b"',
        },
      ],
    },
    others: {
      posts: { params: { id: 'string', size: 'integer', bio: 'string?', kind: { type: 'string', default: 'post' } }, priority: 2 },
    },
    answer: () => [{ id: 'a' }, { id: 'b' }, { id: 'c' }],
  });

  await lab.runOnce({ id: 'x' });

  assert.deepEqual(
    (await lab.waiting()).map((task) => [task.flow, task.params, task.priority]),
    [
      ['posts', { id: 'a', size: 5, kind: 'post' }, 7],
      ['posts', { id: 'c', size: 5, kind: 'post' }, 7],
    ],
  );
  const [row] = await lab.postgres.query<{ later: boolean }>(
    `select bool_and(run_at > now() + interval '50 minutes') as later from gccflow.scrape_request where flow = 'posts'`,
  );
  assert.equal(row?.later, true);
});

test('params that do not fit the other flow fail the attempt', async (context) => {
  await using lab = await flowLab(context, {
    flow: { params, retrieve, process: [{ enqueue: { flow: 'posts', params: { id: 'record.id' } } }] },
    others: { posts: { params: { id: 'string' } } },
    answer: () => ({ id: 3 }),
  });

  const outcome = await lab.runOnce({ id: 'x' });

  assert.ok(outcome.kind === 'failed');
  assert.deepEqual(outcome.error, {
    code: 'PARAMS_INVALID',
    message: "A task of 'posts' cannot be queued: The param 'id' is number where string is expected.",
    place: 'flows/refresh.yaml',
  });
  assert.deepEqual(await lab.waiting(), []);
});
