import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAge } from '../../framework/foundation/duration.ts';

test('an age is told by its two largest units, and one below zero is ahead', () => {
  const ages = [0, 999, 40_000, 90_000, 3_600_000, 3_661_000, 86_400_000, 90_061_000, 86_460_000, -7_200_000];

  assert.deepEqual(ages.map(formatAge), ['0 s', '0 s', '40 s', '1 m 30 s', '1 h', '1 h 1 m', '1 d', '1 d 1 h', '1 d', '2 h ahead']);
});
