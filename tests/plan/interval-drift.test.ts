import assert from 'node:assert/strict';
import { test } from 'node:test';
import { carryDrift, findDrift, intervalsOfDrift, type PartitionPrint } from '../../framework/plan/interval-drift.ts';

const january: PartitionPrint = { partition: '202401', rows: 10, writes: '3.0', content: 'a', first: '2024-01-02', last: '2024-01-30' };
const february: PartitionPrint = { ...january, partition: '202402', writes: '4.0', content: 'b', first: '2024-02-01', last: '2024-02-03' };

test('a merge, and a mutation that touched other partitions, are no drift', () => {
  const merged = { ...january, content: 'merged' };
  const mutatedElsewhere = { ...february, writes: '4.9' };

  assert.deepEqual(findDrift([january, february], [merged, mutatedElsewhere]), []);
});

test('a partition that was dropped, added or altered is drift, with the times it has or had', () => {
  const altered = { ...january, rows: 9, writes: '3.8', content: 'x', last: '2024-01-31T10:00:00Z' };
  const march = { ...january, partition: '202403', first: '2024-03-05', last: '2024-03-05' };

  assert.deepEqual(findDrift([january, february], [altered, march]), [
    { partition: '202401', kind: 'altered', rowsPublished: 10, rows: 9, first: '2024-01-02', last: '2024-01-31T10:00:00Z' },
    { partition: '202402', kind: 'dropped', rowsPublished: 10, rows: 0, first: '2024-02-01', last: '2024-02-03' },
    { partition: '202403', kind: 'added', rowsPublished: 0, rows: 10, first: '2024-03-05', last: '2024-03-05' },
  ]);
});

test('drift covers the whole intervals from its first to its last row', () => {
  const [drift] = findDrift([february], []);
  assert.ok(drift);

  assert.deepEqual(
    intervalsOfDrift(drift, 'day').map(({ start }) => start),
    ['2024-02-01', '2024-02-02', '2024-02-03'],
  );
  assert.deepEqual(intervalsOfDrift(drift, 'month'), [{ start: '2024-02-01', end: '2024-03-01' }]);
});

test('drift is remembered by what is published next, until all its intervals were written anew', () => {
  const drift = findDrift([january, february], [january]);
  const stage = [{ ...january, writes: '1.0' }];

  const carried = carryDrift(stage, drift, [{ start: '2024-02-01', end: '2024-02-02' }], 'day');
  const again = findDrift(carried, stage);
  const refilled = carryDrift([...stage, february], again, [{ start: '2024-02-01', end: '2024-02-04' }], 'day');

  assert.deepEqual(again, drift);
  assert.deepEqual(refilled, [...stage, february]);
  assert.deepEqual(findDrift(refilled, [...stage, february]), []);
});
