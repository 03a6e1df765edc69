import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openWarehouse } from '../framework/connections/open-warehouse.ts';
import type { Warehouse } from '../framework/connections/warehouse.ts';
import { openScratchProject, type ProjectFiles } from '../tests/support/scratch-project.ts';
import { silentLog } from '../tests/support/warehouse.ts';
import { type Figure, figure, median } from './support/figure.ts';

const models = 112;
const runs = 5;

/** What gccflow itself takes for a model: a run of 112 small tables, one at a time, less the time of its statements. */
export async function measure(): Promise<readonly Figure[]> {
  const home = await mkdtemp(join(tmpdir(), 'gccflow-bench-'));
  try {
    await using warehouse = await openWarehouse(
      { type: 'embedded', path: 'warehouse', database: 'bench' },
      { projectDir: home, sessions: 2, log: silentLog },
    );
    const perModel: number[] = [];
    const statements: number[] = [];
    for (let run = 0; run < runs; run += 1) {
      const measured = await measureRun(warehouse, join(home, 'project'));
      perModel.push(measured.ownMs / models);
      statements.push(measured.statementsMs / models);
    }
    return [figure('overhead.per_model', median(perModel), 'ms'), figure('overhead.statements_per_model', median(statements), 'ms')];
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function measureRun(warehouse: Warehouse, dir: string): Promise<{ ownMs: number; statementsMs: number }> {
  let statementsMs = 0;
  const timed = async <Result>(statement: Promise<Result>): Promise<Result> => {
    const begun = performance.now();
    const result = await statement;
    statementsMs += performance.now() - begun;
    return result;
  };
  const clocked: Warehouse = {
    kind: warehouse.kind,
    location: warehouse.location,
    version: warehouse.version,
    query: (sql, options) => timed(warehouse.query(sql, options)),
    execute: (sql, options) => timed(warehouse.execute(sql, options)),
    insert: (table, body, options) => timed(warehouse.insert(table, body, options)),
    stream: (sql, options) => timed(warehouse.stream(sql, options)),
    kill: (queryId) => warehouse.kill(queryId),
    [Symbol.asyncDispose]: async () => {},
  };
  const project = openScratchProject(warehouse, { database: 'bench', dir });
  await project.write(smallTables());
  const result = await project.run('run', { deps: { warehouse: clocked, threads: 1 } });
  if (result.status !== 'success') throw new Error(`the run ended with ${result.status}`);
  return { ownMs: result.durationMs - statementsMs, statementsMs };
}

function smallTables(): ProjectFiles {
  return Object.fromEntries(
    Array.from({ length: models }, (_, index) => [
      `models/small_${index}.sql`,
      `{{config materialized="table" order_by="n"}}\nselect number as n, toString(number) as text from numbers(1000)`,
    ]),
  );
}
