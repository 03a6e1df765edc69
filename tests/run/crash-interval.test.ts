import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { compileCache } from '../support/compile-cache.ts';
import { killAfterEachStatement, openCrashProject } from '../support/crash-matrix.ts';
import { intervalModel, memoryOf, startsOf } from '../support/interval-project.ts';

const year = new Date().getUTCFullYear();
const sources = { 'models/raw.yaml': 'kind: source\nname: raw\ndatabase: crash\ntables:\n  - name: event\n' };

test('kill -9 after any statement of a run by intervals leaves the old rows or the new ones, and the next run makes the new ones', async () => {
  const config = `batch_size="year" begin="${year - 2}-01-01" lookback=1 partition_by="intDiv(toYear(ts), 1000)"`;
  const row = (at: number, id: number) => ({ ts: `${at}-01-01`, id });

  const kills = await killAfterEachStatement({
    files: { ...sources, 'models/m.sql': intervalModel(config, 'ts, id from {{source "raw" "event"}}') },
    before: [
      'create table @.event (ts Date, id UInt8) engine = MergeTree order by id',
      `insert into @.event values ('${year - 2}-01-01', 1), ('${year - 1}-01-01', 2), ('${year}-01-01', 3)`,
    ],
    change: ['truncate table @.event', `insert into @.event values ('${year}-01-01', 4)`],
    counted: /"node":"model.m"|^insert into .*publications/,
    oldRows: [row(year - 2, 1), row(year - 1, 2), row(year, 3)],
    newRows: [row(year - 2, 1), row(year, 4)],
  });

  assert.ok(kills >= 12, `only ${kills} statements were there to kill after`);
});

test('kill -9 in the second piece of a first build leaves the first one published, and the next run writes the rest alone', async () => {
  await using opening = new AsyncDisposableStack();
  const { home, project } = await openCrashProject(opening);
  const begin = new Date(Date.now() - 40 * 86_400_000).toISOString().slice(0, 10);
  const model = intervalModel(
    `batch_size="day" begin="${begin}" lookback=0 partition_by="toYYYYMM(ts)"`,
    'ts, id from {{source "raw" "event"}}',
  );
  await project.execute('create table @.event (ts Date, id UInt8) engine = MergeTree order by id');
  await project.execute(`insert into @.event select toDate('${begin}') + number, number from numbers(41)`);
  await project.write({ ...sources, 'models/m.sql': model });

  // The first piece is published by a rename; the second begins with a clone.
  const run = spawn(
    process.execPath,
    [join(import.meta.dirname, '../support/crash-run.ts'), home, project.dir, 'crash', '2', 'rename table|clone as'],
    { stdio: ['pipe', 'inherit', 'inherit'], env: { ...process.env, NODE_COMPILE_CACHE: compileCache } },
  );
  run.stdin.end();
  const [, signal] = await once(run, 'exit');
  const [published] = await project.query<{ rows: string }>('select count() as rows from @.m');
  const memory = await memoryOf(project);
  const next = await project.run('build');

  assert.equal(signal, 'SIGKILL');
  assert.equal(published?.rows, '32');
  assert.equal(memory?.whole[0]?.start, begin);
  assert.equal(startsOf(next)[0], new Date(Date.parse(begin) + 32 * 86_400_000).toISOString().slice(0, 10));
  assert.deepEqual(await project.query('select count() as rows, uniqExact(ts) as days from @.m'), [{ rows: '41', days: '41' }]);
  assert.ok((await project.staging()).length <= 1);
});
