import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type IntervalProject, intervalProject } from '../support/interval-project.ts';

const begin = Date.UTC(2024, 1, 26); // a leap year: the days go on to 02-29 and into March
const hour = 3_600_000;
const day = 24 * hour;

const step = fc.oneof(
  fc.record({ kind: fc.constant('bring'), at: fc.integer({ min: -10, max: 7 * 24 - 1 }), id: fc.integer({ min: 1, max: 30 }) }),
  fc.record({ kind: fc.constant('delete'), at: fc.constant(0), id: fc.integer({ min: 1, max: 30 }) }),
  fc.record({ kind: fc.constant('run'), at: fc.integer({ min: 1, max: 40 }), id: fc.constant(0) }),
);

for (const partitionBy of ['toDate(ts)', 'toYYYYMM(ts)', 'toYear(ts) + toHour(ts)']) {
  test(`whatever comes, goes and runs, each day is as the source was at its last run: partition by ${partitionBy}`, async () => {
    await using project = await intervalProject('batch_size="day" begin="2024-02-26" lookback=1', { partitionBy });

    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
        await project.execute('drop table if exists @.m');
        await project.execute('truncate table @.event');
        const oracle = new Oracle();
        for (const { kind, at, id } of [...steps, { kind: 'run', at: 5, id: 0 }]) {
          if (kind === 'bring') await bring(project, oracle, id, begin + at * hour);
          else if (kind === 'delete') await remove(project, oracle, id);
          else {
            oracle.run(at);
            await project.runAt(new Date(oracle.now).toISOString());
            assert.deepEqual(await project.ids(), oracle.ids());
          }
        }
      }),
      { numRuns: 5 },
    );
  });
}

/** What the table must hold, worked out day by day. */
class Oracle {
  readonly source = new Map<number, number>();
  now = begin;
  readonly #days = new Map<number, readonly number[]>();
  readonly #over = new Set<number>();

  run(hours: number): void {
    this.now += hours * hour;
    for (let start = begin; start < this.now; start += day) {
      const isCurrent = start + day > this.now;
      const isLookedBackOn = start + day >= Math.floor(this.now / day) * day;
      if (this.#over.has(start) && !isCurrent && !isLookedBackOn) continue;
      this.#days.set(
        start,
        [...this.source].filter(([, ts]) => ts >= start && ts < start + day).map(([id]) => id),
      );
      if (!isCurrent) this.#over.add(start);
    }
  }

  ids(): number[] {
    return [...this.#days.values()].flat().sort((a, b) => a - b);
  }
}

async function bring(project: IntervalProject, { source }: Oracle, id: number, ts: number): Promise<void> {
  if (source.has(id)) return;
  source.set(id, ts);
  await project.bring([new Date(ts).toISOString().slice(0, 19), id]);
}

async function remove(project: IntervalProject, { source }: Oracle, id: number): Promise<void> {
  if (source.delete(id)) await project.execute(`delete from @.event where id = ${id}`);
}
