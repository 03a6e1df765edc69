import assert from 'node:assert/strict';
import { test } from 'node:test';
import { intervalsIn } from '../../framework/manifest/interval.ts';
import { carryDrift, findDrift, intervalsOfDrift, type PartitionPrint } from '../../framework/plan/interval-drift.ts';

const january: PartitionPrint = { partition: '202401', rows: 10, writes: '3.0', content: 'a', first: '2024-01-02', last: '2024-01-30' };
const february: PartitionPrint = { ...january, partition: '202402', writes: '4.0', content: 'b', first: '2024-02-01', last: '2024-02-03' };

test('a merge, and a mutation that touched other partitions, are no drift', () => {
  const merged = { ...january, content: 'merged' };
  const mutatedElsewhere = { ...february, writes: '4.9' };

  assert.deepEqual(findDrift(recorded(january, february), [merged, mutatedElsewhere], false), []);
});

test('a partition that was dropped, added or altered is drift, with the times it has or had', () => {
  const altered = { ...january, rows: 9, writes: '3.8', content: 'x', last: '2024-01-31T10:00:00Z' };
  const march = { ...january, partition: '202403', first: '2024-03-05', last: '2024-03-05' };

  assert.deepEqual(findDrift(recorded(january, february), [altered, march], false), [
    { partition: '202401', kind: 'altered', rowsPublished: 10, rows: 9, first: '2024-01-02', last: '2024-01-31T10:00:00Z' },
    { partition: '202402', kind: 'dropped', rowsPublished: 10, rows: 0, first: '2024-02-01', last: '2024-02-03' },
    { partition: '202403', kind: 'added', rowsPublished: 0, rows: 10, first: '2024-03-05', last: '2024-03-05' },
  ]);
});

test('a partition of a table with a TTL may be gone by itself', () => {
  assert.deepEqual(findDrift(recorded(january), [], true), []);
  assert.equal(findDrift(recorded(january), [{ ...january, writes: '8.0', content: 'x' }], true).length, 1);
});

test('drift covers the whole intervals from its first to its last row', () => {
  const [drift] = findDrift(recorded(february), [], false);
  assert.ok(drift);

  assert.deepEqual(
    intervalsOfDrift(drift, 'day').map(({ start }) => start),
    ['2024-02-01', '2024-02-02', '2024-02-03'],
  );
  assert.deepEqual(intervalsOfDrift(drift, 'month'), [{ start: '2024-02-01', end: '2024-03-01' }]);
});

test('drift is carried on, less the intervals that were written anew, until none of them is left', () => {
  const now = [{ ...january, writes: '1.0' }];
  const drift = findDrift(recorded(january, february), now, false);

  const carried = carryDrift(drift, [{ start: '2024-02-01', end: '2024-02-02' }], 'day');
  const again = findDrift({ partitions: now, drift: carried }, now, false);
  const refilled = carryDrift(again, intervalsIn({ start: '2024-02-02', end: '2024-02-04' }, 'day'), 'day');

  assert.deepEqual(
    drift.map(({ kind, first, last }) => [kind, first, last]),
    [['dropped', '2024-02-01', '2024-02-03']],
  );
  assert.deepEqual(again, [{ partition: '202402', kind: 'dropped', rowsPublished: 10, rows: 0, first: '2024-02-02', last: '2024-02-03' }]);
  assert.deepEqual(refilled, []);
});

test('what somebody does to a partition that had drifted before widens its drift', () => {
  const drift = [{ partition: '202401', kind: 'altered', rowsPublished: 10, rows: 9, first: '2024-01-05', last: '2024-01-06' }] as const;

  const same = findDrift({ partitions: [january], drift }, [january], false);
  const again = findDrift({ partitions: [january], drift }, [{ ...january, writes: '9.0', content: 'z', last: '2024-01-31' }], false);

  assert.deepEqual(
    same.map(({ first, last, rowsPublished }) => [first, last, rowsPublished]),
    [['2024-01-05', '2024-01-06', 10]],
  );
  assert.deepEqual(
    again.map(({ first, last, rowsPublished }) => [first, last, rowsPublished]),
    [['2024-01-02', '2024-01-31', 10]],
  );
});

function recorded(...partitions: readonly PartitionPrint[]) {
  return { partitions, drift: [] };
}
