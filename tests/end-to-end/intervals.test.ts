import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openWarehouse } from '../../framework/connections/open-warehouse.ts';
import { projectFolder, runCli } from '../support/cli.ts';
import { silentLog } from '../support/warehouse.ts';

const year = new Date().getUTCFullYear();
const files = {
  'project.yaml': 'name: shop\ntargets:\n  dev: {}\n',
  'models/raw.sql': `{{config materialized="table" order_by="id"}}
select toDate('${year - 2}-06-01') + interval number year as day, number as id from numbers(3)`,
  'models/yearly.sql': `{{config materialized="incremental" incremental_strategy="microbatch" event_time="day" begin="${year - 2}-01-01"
  batch_size="year" lookback=0 partition_by="toYear(day)" order_by="day"}}
select day, id from {{ref "raw"}} where day >= {{interval_start}} and day < {{interval_end}} and not throwIf({{var "fail" 0}} = toYear(day), 'told to')`,
  'models/models.yaml': 'kind: models\nmodels:\n  - name: yearly\n    columns: [{ name: id, tests: [unique] }]\n',
};

test('intervals shows what is published and what somebody changed, and --repair puts exactly that back', async () => {
  using project = projectFolder(files);
  const cli = (...args: string[]) => runCli(args, { cwd: project.dir });
  await cli('build');

  const whole = await cli('intervals', 'yearly');
  await change(project.dir, `alter table dbt.yearly drop partition id '${year - 1}'`);
  const changed = await cli('intervals', 'yearly');
  const repaired = await cli('intervals', 'yearly', '--repair');
  const after = await cli('intervals', 'yearly', '--json');
  const nothing = await cli('intervals', 'yearly', '--repair');

  assert.equal(whole.exitCode, 0, whole.stderr);
  assert.match(whole.stdout, /^`dbt`\.`yearly` {2}by year of day, from \d+-01-01, look-back 0 {2}\S+Z \(publication \S+\)\n/);
  assert.match(
    whole.stdout,
    new RegExp(`\\n${year - 2}-01-01 {2}${year}-01-01 +2 {2}published\\n${year}-01-01 {2}${year + 1}-01-01 +1 {2}open\\n$`),
  );
  assert.match(changed.stdout, new RegExp(`\\n${year - 1}-01-01 {2}${year}-01-01 +1 {2}drifted\\n`));
  assert.match(changed.stdout, new RegExp(`\\n${year - 1} +dropped +1 +0 {2}${year - 1}-06-01 {2}${year - 1}-06-01\\n`));
  assert.match(changed.stdout, /`gccflow intervals yearly --repair` writes the 1 that are missing or drifted anew\.\n$/);
  assert.match(
    repaired.stdout,
    new RegExp(`^ok +model\\.yearly +1 .*1 intervals: ${year - 1}-01-01 to ${year}-01-01\\npass +test\\.unique_yearly_id`),
  );
  const { intervals, drift } = JSON.parse(after.stdout);
  assert.deepEqual([intervals.map(({ state }: { state: string }) => state), drift], [['published', 'published', 'open'], []]);
  assert.deepEqual([nothing.exitCode, nothing.stderr], [0, 'No interval is missing or drifted, nothing is done.\n']);
});

test('a retry writes what failed, as of the time of the run that it repeats', async () => {
  using project = projectFolder(files);
  const failed = await runCli(['run', '--vars', `{fail: ${year - 1}}`], { cwd: project.dir });
  const path = join(project.dir, 'target', 'run_results.json');
  const results = JSON.parse(readFileSync(path, 'utf8'));
  const ranAt = results.args.execution_time;
  writeFileSync(path, JSON.stringify({ ...results, args: { ...results.args, execution_time: `${year}-01-01T00:00:05Z` } }));

  const retried = await runCli(['retry', '--vars', '{fail: 0}', '--json'], { cwd: project.dir });

  assert.equal(failed.exitCode, 1);
  assert.match(failed.stderr, /error\[INTERVAL_FAILED\]: 1 of the 3 intervals of 'model\.yearly' failed/);
  assert.match(failed.stderr, /told to/);
  assert.match(ranAt, /^\d{4}-\d\d-\d\d/);
  const { nodes } = JSON.parse(retried.stdout);
  assert.equal(retried.exitCode, 0, retried.stderr);
  assert.deepEqual(nodes[0].intervals.published, [
    { start: `${year - 1}-01-01`, end: `${year}-01-01` },
    { start: `${year}-01-01`, end: `${year + 1}-01-01` },
  ]);
  assert.equal(JSON.parse(readFileSync(path, 'utf8')).args.execution_time, `${year}-01-01T00:00:05Z`);
});

test('--start and --end are two times in UTC, for models that are built by intervals', async () => {
  using project = projectFolder(files);
  const mistakes = [
    [['--start', '2024-01-01'], /'--start' and '--end' go together, and '--end' is not given\./],
    [['--start', '2024-01-01', '--end', '2024-01-01'], /'--start 2024-01-01' is not before '--end 2024-01-01'/],
    [['--start', 'monday', '--end', '2024-01-01'], /'--start' takes a time in UTC, not 'monday'\./],
    [['-s', 'raw', '--start', '2024-01-01', '--end', '2024-01-02'], /are for models that are built by intervals, and none is selected\./],
    [['-f', '--start', '2024-01-01', '--end', '2024-01-02'], /'--full-refresh' writes every interval/],
  ] as const;
  for (const [args, message] of mistakes) {
    const { exitCode, stderr } = await runCli(['run', ...args], { cwd: project.dir });

    assert.equal(exitCode, 2);
    assert.match(stderr, message);
  }
  await runCli(['run'], { cwd: project.dir });

  const asked = await runCli(['run', '-s', 'yearly', '--start', `${year - 2}-03-01`, '--end', `${year - 2}-03-02`], { cwd: project.dir });
  const other = await runCli(['intervals', 'raw'], { cwd: project.dir });

  assert.match(asked.stdout, new RegExp(`2 intervals: ${year - 2}-01-01 to ${year - 1}-01-01, ${year}-01-01 to ${year + 1}-01-01\\n`));
  assert.deepEqual([other.exitCode, other.stderr.split('\n')[0]], [2, "error[USAGE]: The model 'raw' is not built by intervals."]);
});

test('interval names are for models that are built by intervals, and their config is complete', async () => {
  using project = projectFolder({
    'project.yaml': 'name: shop\ntargets:\n  dev: {}\n',
    'models/a.sql':
      '{{config materialized="incremental" incremental_strategy="interval" batch_size="day" begin="2024-13-01"}}\nselect 1 as n',
    'models/b.sql': 'select\n  {{interval_start}} as n',
  });

  const config = await runCli(['ls'], { cwd: project.dir });
  project.write({ 'models/a.sql': 'select 1 as n' });
  const names = await runCli(['compile'], { cwd: project.dir });

  assert.equal(config.exitCode, 1);
  for (const message of [/'event_time' is not given/, /'begin' is a time in UTC from 1970 to 2105, not '2024-13-01'/])
    assert.match(config.stderr, message);
  assert.match(
    names.stderr,
    /'b' cannot be rendered: the helper 'interval_start' failed: it is for models with incremental_strategy="interval"\.\n {2}--> models\/b\.sql:2:3/,
  );
});

async function change(dir: string, sql: string): Promise<void> {
  const config = { type: 'embedded', path: '.gccflow/warehouse', database: 'dbt' } as const;
  await using warehouse = await openWarehouse(config, { projectDir: dir, sessions: 1, log: silentLog });
  await warehouse.execute(sql);
}
