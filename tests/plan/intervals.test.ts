import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ceilTo, floorTo, type Interval, instantOf, intervalsIn, parseInstant, shiftBy } from '../../framework/manifest/interval.ts';
import { isWhole, joinIntervals, noMemory, remember } from '../../framework/plan/interval-memory.ts';
import { extentOf, intervalsToWrite, missingIntervals, publicationsOf } from '../../framework/plan/intervals.ts';
import { type BatchSize, ModelConfig } from '../../framework/project/model-config.ts';

const sizes: readonly BatchSize[] = ['hour', 'day', 'month', 'year'];
const instant = fc.integer({ min: 0, max: (130_000 * 86_400) / 4 }).map((quarters) => instantOf(new Date(quarters * 4000)));
const size = fc.constantFrom(...sizes);

test('intervals follow each other without a gap from the floor of begin to the ceiling of now', () => {
  fc.assert(
    fc.property(instant, fc.integer({ min: 1, max: 500 }), fc.integer({ min: 0, max: 3_599 }), size, (begin, steps, seconds, size) => {
      const now = instantOf(new Date(new Date(shiftBy(begin, size, steps)).getTime() + seconds * 1000));
      const intervals = intervalsIn({ start: begin, end: now }, size);

      assert.deepEqual(joinIntervals(intervals), [{ start: floorTo(begin, size), end: ceilTo(now, size) }]);
      for (const { start, end } of intervals) {
        assert.equal(floorTo(start, size), start);
        assert.equal(shiftBy(start, size, 1), end);
        assert.equal(shiftBy(end, size, -1), start);
      }
    }),
  );
});

test('months and years are those of the calendar, leap days included', () => {
  const starts = (range: Interval, size: BatchSize) => intervalsIn(range, size).map(({ start }) => start);

  assert.deepEqual(starts({ start: '2024-01-31', end: '2024-03-01' }, 'month'), ['2024-01-01', '2024-02-01']);
  assert.deepEqual(starts({ start: '2024-02-28', end: '2024-03-01' }, 'day'), ['2024-02-28', '2024-02-29']);
  assert.deepEqual(starts({ start: '2023-02-28', end: '2023-03-01' }, 'day'), ['2023-02-28']);
  assert.deepEqual(starts({ start: '2100-02-28', end: '2100-03-02' }, 'day'), ['2100-02-28', '2100-03-01']); // no leap year
  assert.deepEqual(starts({ start: '2023-12-31T23:59:59Z', end: '2024-01-01T00:00:01Z' }, 'year'), ['2023-01-01', '2024-01-01']);
  assert.deepEqual(starts({ start: '2024-03-31T00:30:00Z', end: '2024-03-31T03:30:00Z' }, 'hour').length, 4); // Europe skips an hour then; UTC does not
});

test('a time is read as UTC, or not at all', () => {
  const read = (texts: readonly string[]) => texts.map(parseInstant);

  assert.deepEqual(read(['2024-01-01', '2024-01-01T00:00Z', ' 2024-01-01 06:30:15 ']), [
    '2024-01-01',
    '2024-01-01',
    '2024-01-01T06:30:15Z',
  ]);
  assert.deepEqual(
    new Set(
      read([
        '2024-02-30',
        '2024-1-1',
        '2024',
        '2024-01-01T06',
        '2024-01-01T06:00+02:00',
        '1969-12-31',
        '2106-01-01',
        'x',
        '2024-01-01T24:00',
      ]),
    ),
    new Set([null]),
  );
});

const config = (over: Partial<ModelConfig>) =>
  ModelConfig.parse({ event_time: 'ts', begin: '2024-01-01', batch_size: 'day', incremental_strategy: 'interval', ...over });

test('a run writes what is missing, what it looks back on, and what is asked for, each once', () => {
  const memory = {
    whole: [
      { start: '2024-01-01', end: '2024-01-05' },
      { start: '2024-01-06', end: '2024-01-09' },
    ],
    open: [],
  };
  const starts = (over: Partial<ModelConfig>, asked?: Interval) =>
    intervalsToWrite(config(over), memory, { executionTime: '2024-01-09T12:00:00Z', ...(asked && { asked }) }).map(({ start }) =>
      start.slice(8),
    );

  assert.deepEqual(starts({ lookback: 0 }), ['05', '09']);
  assert.deepEqual(starts({ lookback: 1 }), ['05', '08', '09']);
  assert.deepEqual(starts({ lookback: 99 }), ['01', '02', '03', '04', '05', '06', '07', '08', '09']);
  assert.deepEqual(starts({ lookback: 0 }, { start: '2024-01-02T13:00:00Z', end: '2024-01-04' }), ['02', '03', '05', '09']);
  assert.deepEqual(starts({ lookback: 0 }, { start: '2023-01-01', end: '2024-01-02' }), ['01', '05', '09']); // not before begin
  assert.deepEqual(starts({ lookback: 0 }, { start: '2024-01-08', end: '2030-01-01' }), ['05', '08', '09']); // not after now
});

test('an interval that was written while it went on is written again when it is over, whatever the look-back', () => {
  const model = config({ lookback: 0 });
  const evening = remember(noMemory, intervalsToWrite(model, noMemory, { executionTime: '2024-01-02T23:50:00Z' }), '2024-01-02T23:50:00Z');
  const morning = intervalsToWrite(model, evening, { executionTime: '2024-01-03T00:10:00Z' });

  assert.deepEqual(evening, { whole: [{ start: '2024-01-01', end: '2024-01-02' }], open: [{ start: '2024-01-02', end: '2024-01-03' }] });
  assert.deepEqual(morning, intervalsIn({ start: '2024-01-02', end: '2024-01-04' }, 'day'));
  assert.deepEqual(remember(evening, morning, '2024-01-03T00:10:00Z'), {
    whole: [{ start: '2024-01-01', end: '2024-01-03' }],
    open: [{ start: '2024-01-03', end: '2024-01-04' }],
  });
});

test('whatever is written in whatever order, what is missing is exactly what was not written whole', () => {
  const model = config({ begin: '2024-01-01', lookback: 0 });
  const now = '2024-02-10T10:00:00Z';
  const all = intervalsIn({ start: '2024-01-01', end: now }, 'day');
  fc.assert(
    fc.property(fc.array(fc.subarray(all), { maxLength: 6 }), (runs) => {
      const memory = runs.reduce((held, written) => remember(held, written, now), noMemory);
      const written = new Set(runs.flat().map(({ start }) => start));

      assert.deepEqual(
        missingIntervals(model, memory, now),
        all.filter(({ start, end }) => !written.has(start) || end > now),
      );
      assert.ok(memory.whole.length <= 41);
    }),
  );
});

test('another batch_size counts what is whole as whole', () => {
  const memory = { whole: [{ start: '2024-01-01', end: '2024-03-01' }], open: [] };

  assert.ok(isWhole(memory, { start: '2024-02-01', end: '2024-03-01' }));
  assert.deepEqual(missingIntervals(config({ batch_size: 'month' }), memory, '2024-04-01'), [{ start: '2024-03-01', end: '2024-04-01' }]);
  assert.equal(missingIntervals(config({ batch_size: 'hour' }), memory, '2024-03-01T02:00:00Z').length, 2);
});

test('at the stroke of an hour no interval goes on, and before begin there is none', () => {
  assert.deepEqual(extentOf(config({}), '2024-01-03'), { start: '2024-01-01', end: '2024-01-03' });
  assert.equal(extentOf(config({}), '2024-01-01'), null);
  assert.deepEqual(intervalsToWrite(config({}), noMemory, { executionTime: '2023-01-01' }), []);
});

test('many intervals go out in pieces, but in one where they take the place of a table', () => {
  const many = intervalsIn({ start: '2024-01-01', end: '2024-03-11' }, 'day');

  assert.deepEqual(
    publicationsOf(many, true).map((piece) => piece.length),
    [32, 32, 6],
  );
  assert.deepEqual(publicationsOf(many, true).flat(), many);
  assert.deepEqual(publicationsOf(many, false), [many]);
  assert.deepEqual(publicationsOf([], true), [[]]);
});
