import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callOf, centuryMs, fixed, labs, ownKey, sliding } from '../../support/limits.ts';

const hourMs = 3_600_000;

for (const { name, open } of labs) {
  test(`${name}: of calls that are made at one time as many pass as the limit they share allows, and the others take nothing`, async (context) => {
    await using lab = await open(context);
    if (lab === null) return;
    const limiter = await lab.open();
    const shared = sliding(ownKey('shared'), 40, 60_000);
    const all = fixed(ownKey('all'), 1000, centuryMs);
    const handles = Array.from({ length: 100 }, () => sliding(ownKey('handle'), 1, hourMs));

    const answers = await Promise.all(handles.map((handle) => limiter.ask(callOf(all, shared, handle))));

    const states = await limiter.inspect([all, shared, ...handles]);
    assert.equal(answers.filter(({ admitted }) => admitted).length, 40);
    assert.deepEqual(
      states.slice(0, 2).map(({ used }) => used),
      [40, 40],
    );
    assert.deepEqual(
      states.slice(2).map(({ used }) => used === 1),
      answers.map(({ admitted }) => admitted),
    );
  });

  test(`${name}: calls that are made at one time with two limits of one count keep both`, async (context) => {
    await using lab = await open(context);
    if (lab === null) return;
    const limiter = await lab.open();
    const wide = sliding(ownKey('both'), 10, hourMs);
    const narrow = { ...wide, requests: 5 };

    const answers = await Promise.all(Array.from({ length: 40 }, (_, index) => limiter.ask(callOf(index % 2 === 0 ? narrow : wide))));

    const [state] = await limiter.inspect([wide]);
    const ofNarrow = answers.filter(({ admitted }, index) => admitted && index % 2 === 0).length;
    assert.equal(answers.filter(({ admitted }) => admitted).length, 10);
    assert.ok(ofNarrow <= 5, `${ofNarrow} calls of the narrow limit`);
    assert.equal(state?.used, 10);
  });

  test(`${name}: calls that are made at one time on a narrowed key are no more than the provider has left`, async (context) => {
    await using lab = await open(context);
    if (lab === null) return;
    const limiter = await lab.open();
    const level = sliding(ownKey('narrowed'), 100, hourMs);
    const other = { ...level, perMs: 60_000 };
    await limiter.narrow(level, 3, hourMs);

    const answers = await Promise.all(Array.from({ length: 20 }, () => limiter.ask(callOf(level, other))));

    assert.equal(answers.filter(({ admitted }) => admitted).length, 3);
    assert.ok(!(await limiter.ask(callOf(other))).admitted);
  });
}
