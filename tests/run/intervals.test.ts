import assert from 'node:assert/strict';
import { test } from 'node:test';
import { intervalProject, memoryOf } from '../support/interval-project.ts';

test('the first run writes every interval from begin to now, and the next one the current interval and those it looks back on', async () => {
  await using project = await intervalProject('batch_size="day" begin="2024-02-27" lookback=1');
  await project.bring(['2024-02-26 23:59:59', 0], ['2024-02-27', 1], ['2024-02-29 12:00', 2], ['2024-03-01 09:00', 3]);

  const first = await project.runAt('2024-03-01T10:00:00Z');
  await project.bring(['2024-02-28 05:00', 4], ['2024-02-29 13:00', 5], ['2024-03-01 11:00', 6]);
  const second = await project.runAt('2024-03-01T12:00:00Z');

  assert.deepEqual(first.nodes[0]?.intervals?.published.length, 4);
  assert.deepEqual(second.nodes[0]?.intervals?.published, [
    { start: '2024-02-29', end: '2024-03-01' },
    { start: '2024-03-01', end: '2024-03-02' },
  ]);
  assert.deepEqual(await project.ids(), [1, 2, 3, 5, 6]); // 4 came too late for a look-back of one day
  assert.deepEqual(await memoryOf(project), {
    whole: [{ start: '2024-02-27', end: '2024-03-01' }],
    open: [{ start: '2024-03-01', end: '2024-03-02' }],
  });
});
