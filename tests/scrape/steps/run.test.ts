import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flowLab } from '../../support/flow-lab.ts';

const retrieve = { api: 'graphapi', path: '/x' };

test('a step of its own writes in the transaction of the task, and emits, enqueues, calls and uploads', async (context) => {
  await using lab = await flowLab(context, {
    flow: { params: { id: 'string' }, retrieve, process: [{ run: './steps/all.ts', when: 'record.n > 1' }] },
    others: { posts: { params: { id: 'string' } } },
    answer: ({ choices }) => (choices[0]?.path === '/x' ? [{ n: 1 }, { n: 2 }, { n: 3 }] : { path: choices[0]?.path }),
    files: {
      'flows/steps/all.ts': `export default async (records: readonly { n: number }[], { db, emit, enqueue, http, upload, task, params, api, page, log, signal }: any) => {
        const answer = await http({ path: '/more', query: { a: 'b' }, method: 'PUT', body: { x: 1 } });
        const url = await upload({ url: 'http://p', entityType: 'post', platform: 'instagram', entityId: '7' });
        emit({ exchange: 'dx', routingKey: 'k', body: { records, answer, url, api, page, params, flow: task.flow, attempt: task.attempt, aborted: signal.aborted } });
        enqueue('posts', { id: 'p' });
        await db.query('create table if not exists public.gccflow_run_step (n int)');
        await db.query('insert into public.gccflow_run_step select unnest($1::int[])', [records.map(({ n }) => n)]);
        log.info({ n: records.length }, 'step done');
      };`,
    },
  });

  assert.deepEqual(await lab.runOnce({ id: 'a' }), { kind: 'settled' });

  const [event] = await lab.events();
  assert.deepEqual(event?.body, {
    records: [{ n: 2 }, { n: 3 }],
    answer: { path: '/more' },
    url: 'https://cdn.example.com/assets/posts/instagram/7.jpg',
    api: 'graphapi',
    page: {},
    params: { id: 'a' },
    flow: 'refresh',
    attempt: 1,
    aborted: false,
    event_id: event?.message_id,
    source: 'graphapi',
    event_timestamp: event?.written_at,
  });
  const [, call] = lab.calls;
  assert.deepEqual([call?.method, call?.query, call?.body, call?.stickyTo], ['PUT', { a: 'b' }, { x: 1 }, 'c1']);
  assert.deepEqual(
    (await lab.waiting()).map(({ flow, params }) => [flow, params]),
    [['posts', { id: 'p' }]],
  );
  assert.deepEqual(await lab.postgres.query('select n from public.gccflow_run_step order by n'), [{ n: 2 }, { n: 3 }]);
  await lab.postgres.query('drop table public.gccflow_run_step');
  assert.deepEqual(
    lab.log.lines.map(({ fields, message }) => [message, fields.flow, fields.n]),
    [['step done', 'refresh', 2]],
  );
});

test('a step for which no record is chosen is not run', async (context) => {
  await using lab = await flowLab(context, {
    flow: { retrieve, process: [{ run: './a.ts', when: 'record.n > 1' }] },
    answer: () => [{ n: 1 }],
    files: { 'flows/a.ts': "export default () => { throw new Error('not to be run'); };" },
  });

  assert.deepEqual(await lab.runOnce(), { kind: 'complete' });
});

test('what a step may not do is told with its reason', async (context) => {
  const outcomeOf = async (code: string) => {
    await using lab = await flowLab(context, {
      flow: { retrieve, process: [{ run: './a.ts' }] },
      others: { posts: { params: { id: 'string' } } },
      answer: () => ({ n: 1 }),
      files: { 'flows/a.ts': `export default async (_records: unknown, { http, enqueue, db }: any) => {\n  ${code}\n};` },
    });
    const outcome = await lab.runOnce();
    return outcome.kind === 'failed' ? outcome.error : outcome;
  };

  assert.deepEqual(await outcomeOf("await http({ api: 'rapidapi', path: '/' });"), {
    code: 'API_UNKNOWN',
    message: "The flow names no API 'rapidapi'.",
    place: 'flows/refresh.yaml',
  });
  assert.deepEqual(await outcomeOf("enqueue('post', {});"), {
    code: 'FLOW_UNKNOWN',
    message: "There is no flow 'post' to queue a task of. Did you mean 'posts'?",
    place: null,
  });
  assert.deepEqual(await outcomeOf("enqueue('posts', { id: 3 });"), {
    code: 'PARAMS_INVALID',
    message: "A task of 'posts' cannot be queued: The param 'id' is number where string is expected.",
    place: null,
  });
  assert.deepEqual(await outcomeOf("await db.query('select 1 / 0');"), {
    code: 'POSTGRES_QUERY',
    message: 'PostgreSQL refused a statement: division by zero (SQLSTATE 22012).',
    place: 'flows/a.ts:2:3',
  });
  assert.deepEqual(await outcomeOf("throw 'a text';"), {
    code: 'HANDLER_THREW',
    message: 'something that is no error was thrown: string',
    place: null,
  });
});

test('a step that calls an API before it writes holds no transaction meanwhile, and one after the end of its task is refused', async (context) => {
  const open: number[] = [];
  await using lab = await flowLab(context, {
    flow: { params: { id: 'string' }, process: [{ http: { api: 'graphapi', path: '/x' }, when: 'false' }, { run: './a.ts' }] },
    files: {
      'flows/a.ts': `export default async (_records: unknown, { http, db, params }: any) => {
        await http({ path: '/before' });
        await db.query('select 1');
        await http({ path: '/after' });
        globalThis.gccflowLate = () => db.query('select 2');
      };`,
    },
    answer: async () => {
      const [row] = await lab.postgres.query<{ n: number }>(
        "select count(*)::int as n from pg_stat_activity where state = 'idle in transaction' and datname = current_database()",
      );
      open.push(row?.n ?? -1);
      return {};
    },
  });

  assert.deepEqual(await lab.runOnce({ id: 'a' }), { kind: 'settled' });

  const late: () => Promise<unknown> = Reflect.get(globalThis, 'gccflowLate');
  assert.deepEqual(open, [0, 1]);
  await assert.rejects(late(), /the transaction of the task has ended/);
});

test('what a step emits or enqueues after its end is refused, not lost without a word', async (context) => {
  await using lab = await flowLab(context, {
    flow: { retrieve, process: [{ run: './a.ts' }] },
    others: { posts: { params: {} } },
    answer: () => ({ n: 1 }),
    files: {
      'flows/a.ts': `export default async (_records: unknown, { emit, enqueue, db }: any) => {
        await db.query('select 1');
        globalThis.gccflowLate = [() => emit({ exchange: 'x', routingKey: 'y', body: {} }), () => enqueue('posts', {})];
      };`,
    },
  });

  assert.deepEqual(await lab.runOnce(), { kind: 'settled' });

  const late: readonly (() => void)[] = Reflect.get(globalThis, 'gccflowLate');
  for (const add of late) assert.throws(add, /the step has ended/);
  assert.deepEqual([await lab.events(), await lab.waiting()], [[], []]);
});
