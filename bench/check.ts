import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { generateTypedProject } from './support/check-project.ts';
import { measureUnitTests } from './support/check-unit-tests.ts';
import { type Figure, figure, median } from './support/figure.ts';
import { runGccflowFamily } from './support/gccflow-process.ts';

/**
 * `gccflow check` as a user runs it, whole processes, on generated projects whose models ClickHouse accepts: cold without any cache, warm after
 * one model was edited. Memory is the sum of the peaks of the process and of the ClickHouse beside it.
 */
export async function measure(): Promise<readonly Figure[]> {
  using small = generateTypedProject(112);
  using middle = generateTypedProject(1000);
  using large = generateTypedProject(10_000);
  const unitTestMs = await measureUnitTests();
  const few = await times(5, () => cold(small.dir));
  const cold1000 = await times(3, () => cold(middle.dir));
  const warm1000 = await times(5, () => {
    middle.edit();
    return check(middle.dir);
  });
  const cold10000 = await times(1, () => cold(large.dir));
  const seconds = (runs: readonly Ended[]): number => median(runs.map((run) => run.seconds));
  return [
    figure('check.cold_112', seconds(few), 's'),
    figure('check.cold_1000', seconds(cold1000), 's'),
    figure('check.warm_1000', seconds(warm1000), 's'),
    figure('check.cold_10000', seconds(cold10000), 's'),
    figure('check.memory_10000', Math.max(...cold10000.map(({ megabytes }) => megabytes)), 'MB'),
    figure('check.unit_test', unitTestMs, 'ms'),
  ];
}

type Ended = Awaited<ReturnType<typeof runGccflowFamily>>;

async function times(count: number, run: () => Promise<Ended>): Promise<readonly Ended[]> {
  const ended: Ended[] = [];
  for (let index = 0; index < count; index++) ended.push(await run());
  return ended;
}

function cold(dir: string): Promise<Ended> {
  rmSync(join(dir, '.gccflow'), { recursive: true, force: true });
  return check(dir);
}

function check(dir: string): Promise<Ended> {
  return runGccflowFamily('check', '--project-dir', dir, '--quiet');
}
