import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { ApiGate, type Place } from '../../../framework/scrape/calls/api-gate.ts';
import { ApiFailure, Breaker } from '../../../framework/scrape/calls/breaker.ts';
import { type HeldPlaces, holdPlaces } from '../../../framework/scrape/calls/hold-places.ts';
import { until } from '../../support/until.ts';

const gate = (concurrency: number): ApiGate => new ApiGate({ concurrency, failures: 5, openForMs: 60_000 });
const { signal } = new AbortController();

test('a gate lends as many places as it has, and each only once', () => {
  const small = gate(2);
  const [one, two] = [small.hold(), small.hold()];

  assert.ok(one !== null && two !== null);
  assert.equal(small.hold(), null);
  one[Symbol.dispose]();
  one[Symbol.dispose]();
  assert.ok(small.hold() !== null);
  assert.equal(small.hold(), null);
});

test('those that wait get places in the order in which they came', async () => {
  const small = gate(1);
  const first = small.hold();
  const order: number[] = [];
  const waiting = Array.from({ length: 10 }, async (_call, index) => {
    using places = await holdPlaces([small], signal);
    order.push(index);
    assert.ok(places.has(small));
    await nextTurn();
  });

  await nextTurn();
  first?.[Symbol.dispose]();
  await Promise.all(waiting);

  assert.deepEqual(order, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('a place that is left wakes those who wait for another API as well', async () => {
  const [one, two] = [gate(1), gate(1)];
  const held = [one.hold(), two.hold()];
  const both = holdPlaces([one, two], signal);
  const onlyTwo = holdPlaces([two], signal);

  for (const place of held) place?.[Symbol.dispose]();
  using first = await both;
  first.keep(one);
  using second = await onlyTwo;

  assert.ok(first.has(one) && second.has(two));
});

test('an abort ends the waiting, and leaves the turn to the next', async () => {
  const small = gate(1);
  const held = small.hold();
  const controller = new AbortController();
  const aborted = holdPlaces([small], controller.signal);
  const next = holdPlaces([small], signal);

  controller.abort(new Error('stop'));
  await assert.rejects(aborted, /stop/);
  held?.[Symbol.dispose]();

  assert.ok((await next).has(small));
});

test('nobody waits for a gate that closes', async () => {
  const small = gate(1);
  const held = small.hold();
  const waiting = [holdPlaces([small], signal), holdPlaces([small], signal)];
  await nextTurn();

  small.rest(60_000);
  held?.[Symbol.dispose]();
  const [places] = await Promise.all(waiting);

  assert.equal(places?.has(small), false);
  assert.equal(small.hold(), null);
});

test('whoever comes, waits and leaves in any order, nobody is forgotten and no gate is overfull', async () => {
  const call = fc.record({ gates: fc.subarray([0, 1, 2], { minLength: 1 }), keep: fc.nat(2), turns: fc.nat(3) });

  await fc.assert(
    fc.asyncProperty(
      fc.array(call, { minLength: 1, maxLength: 40 }),
      fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 3, maxLength: 3 }),
      async (calls, sizes) => {
        const gates = sizes.map(gate);
        const held = sizes.map(() => 0);
        const run = async ({ gates: wanted, keep, turns }: (typeof calls)[number]): Promise<void> => {
          const mine = wanted.map((index) => gates[index] as ApiGate);
          using places: HeldPlaces = await holdPlaces(mine, signal);
          const kept = mine.filter((one) => places.has(one))[keep % Math.max(1, mine.filter((one) => places.has(one)).length)];
          assert.ok(kept);
          places.keep(kept);
          const index = gates.indexOf(kept);
          held[index] = (held[index] ?? 0) + 1;
          assert.ok((held[index] ?? 0) <= (sizes[index] ?? 0));
          for (let turn = 0; turn < turns; turn++) await nextTurn();
          held[index] = (held[index] ?? 0) - 1;
        };

        await Promise.all(calls.map(run));

        for (const [index, one] of gates.entries()) {
          const free = Array.from({ length: (sizes[index] ?? 0) + 1 }, (): Place | null => one.hold());
          assert.equal(free.filter((place) => place !== null).length, sizes[index]);
        }
      },
    ),
  );
});

test('a breaker opens after failures in a row, lets one request try, and closes by its success', async () => {
  const breaker = new Breaker({ failures: 2, openForMs: 100 });
  const fail = (): Promise<never> => Promise.reject(new ApiFailure());
  const ignore = (): void => {};
  await breaker.run(fail).catch(ignore);
  await breaker.run(async () => {});
  await breaker.run(fail).catch(ignore);
  assert.equal(breaker.state, 'closed');
  await breaker.run(fail).catch(ignore);
  assert.notEqual(breaker.state, 'closed');

  await until(() => breaker.state === 'due');
  await breaker.run(fail).catch(ignore);
  assert.notEqual(breaker.state, 'closed');
  await until(() => breaker.state === 'due');
  await breaker.run(() => Promise.reject(new Error('broken off'))).catch(ignore);
  assert.notEqual(breaker.state, 'closed');
  await until(() => breaker.state === 'due');
  await breaker.run(async () => {});

  assert.equal(breaker.state, 'closed');
});

test('while one request tries, nobody else gets a place', async () => {
  const half = new ApiGate({ concurrency: 10, failures: 1, openForMs: 50 });
  await half.run(() => Promise.reject(new ApiFailure())).catch(() => {});

  await until(() => half.closedForMs === 0);
  const probe = half.hold();
  const other = half.hold();
  probe?.[Symbol.dispose]();
  const again = half.hold();
  await half.run(async () => {});
  again?.[Symbol.dispose]();

  assert.deepEqual([probe === null, other === null, again === null, half.hold() === null], [false, true, false, false]);
});
