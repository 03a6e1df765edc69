import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exchangeTasks, type Lines } from '../../../framework/scrape/queue/exchange.ts';
import type { EndedTask } from '../../../framework/scrape/queue/task-queue.ts';
import { newTask, scratchQueue } from '../../support/task-queue.ts';

test('a line that is read from where it was last leased gives its tasks in order, and its beginning when it gives too few', async (context) => {
  await using scratch = await scratchQueue(context);
  assert.ok(scratch);
  const { queue, postgres } = scratch;
  await using lane = await postgres.session();
  const { ids } = await queue.enqueue([1, 2, 3, 4, 5, 6].map((n) => newTask({ params: { n } })));
  await queue.enqueue([newTask({ params: { n: 7 }, priority: 5 }), newTask({ flow: 'g', params: { n: 8 } })]);
  const [row] = await postgres.query<{ turn: string }>('select turn from gccflow.scrape_request_log where id = $1', [ids[2]]);
  const lines: Lines = { of: (flow) => (flow === 'f' ? { priority: 0, turn: row?.turn ?? '', id: ids[2] ?? '' } : null), note: () => {} };
  const numbersOf = async (limit: number) => {
    const wishes = ['f', 'g'].map((flow) => ({ flow, limit, leaseMs: 60_000 }));
    const { leased } = await exchangeTasks(lane, { ended: [], wishes, worker: 'w', token: '1' }, lines);
    return leased.map(({ params }) => params.n);
  };

  const near = await numbersOf(2);
  const rest = await numbersOf(10);

  assert.deepEqual(near.toSorted(), [4, 5, 8]);
  assert.deepEqual(rest, [6, 7, 1, 2, 3]);
});

test('a flow that moves fast gives each task once, in the order of its line, and ends them in every way', async (context) => {
  await using scratch = await scratchQueue(context);
  assert.ok(scratch);
  const { queue, postgres } = scratch;
  const count = 20_000;
  await queue.enqueueStream(
    (async function* () {
      for (let n = 0; n < count; n++) yield newTask({ params: { n } });
    })(),
  );
  const order: unknown[] = [];
  const lost: string[] = [];
  let ended: EndedTask[] = [];

  do {
    const answer = await queue.exchange(ended, [{ flow: 'f', limit: 250, leaseMs: 60_000 }], 'w');
    order.push(...answer.leased.map(({ params }) => params.n));
    lost.push(...answer.lost);
    const error = { code: 'X', message: 'no', place: null };
    ended = answer.leased.map(({ id, attempt }, index) => ({
      id,
      attempt,
      settlement: index % 50 === 0 ? { kind: 'refused', error } : { kind: 'complete' },
    }));
  } while (ended.length > 0);

  assert.deepEqual(
    order,
    Array.from({ length: count }, (_, n) => n),
  );
  assert.deepEqual(lost, []);
  const [done] = await postgres.query<{ count: number }>('select count(*)::int as count from gccflow.scrape_request_history');
  assert.equal(done?.count, count);
});
