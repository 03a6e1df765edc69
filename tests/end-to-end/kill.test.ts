import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { openPostgres } from '../../framework/connections/open-postgres.ts';
import { type ProjectFolder, projectFolder, runCli, startCli } from '../support/cli.ts';
import { silentLog } from '../support/warehouse.ts';

/** Every row of every table carries the version of the build that wrote it. */
const versionedProject = {
  'project.yaml': 'name: killed\ntargets:\n  dev: {}\nvars: { version: 0 }\n',
  'models/base.sql': '{{config materialized="table"}}\nselect number as id, toInt32({{var "version"}}) as version from numbers(20000)\n',
  'models/grown.sql':
    '{{config materialized="incremental" incremental_strategy="delete_insert" unique_key="id" order_by="id"}}\nselect * from {{ref "base"}}\n',
  'models/models.yaml': 'kind: models\nmodels:\n  - { name: base, columns: [{ name: id, tests: [unique] }] }\n',
  'sinks/base.yaml': 'kind: sync\nname: to_base\nfrom: base\nto: { table: base }\nprimary_key: id\n',
  'sinks/grown.yaml': 'kind: sync\nname: to_grown\nfrom: grown\nto: { table: grown }\nmode: upsert\nkey: id\n',
};
const summary = 'count(*) as rows, min(version) as lowest, max(version) as highest';

interface Summary {
  readonly rows: number | string;
  readonly lowest: number;
  readonly highest: number;
}

const build = (version: number): string[] => ['build', '--vars', `{version: ${version}}`];

/** Starts a build and kills it after a time; one that was faster has simply ended. */
async function killedBuild({ dir }: ProjectFolder, version: number, afterMs: number): Promise<void> {
  const { child, ended } = startCli(build(version), { cwd: dir });
  await Promise.race([pause(afterMs), ended]);
  child.kill('SIGKILL');
  await ended;
}

async function readWarehouse({ dir }: ProjectFolder): Promise<Summary[]> {
  const sql = ['base', 'grown'].map((name) => `select ${summary} from {{ref "${name}"}}`).join(' union all ');
  const { exitCode, stdout, stderr } = await runCli(['show', '--inline', sql, '--json'], { cwd: dir });
  if (exitCode === 0) return JSON.parse(stdout) as Summary[];
  assert.match(stderr, /UNKNOWN_TABLE|UNKNOWN_DATABASE/);
  return [];
}

interface Served {
  readonly tables: readonly string[];
  readonly summaries: readonly Summary[];
}

async function readPostgres({ dir }: ProjectFolder): Promise<Served> {
  await using postgres = await openPostgres(
    { type: 'embedded', path: '.gccflow/postgres' },
    { projectDir: dir, maxConnections: 2, log: silentLog },
  );
  const found = await postgres.query<{ name: string }>(`select tablename as name from pg_tables where schemaname = 'public' order by 1`);
  const tables = found.map(({ name }) => name);
  const live = tables.filter((name) => name === 'base' || name === 'grown');
  return { tables, summaries: (await Promise.all(live.map((name) => postgres.query<Summary>(`select ${summary} from ${name}`)))).flat() };
}

function assertWhole(summaries: readonly Summary[], versions: readonly number[], where: string): void {
  for (const { rows, lowest, highest } of summaries) {
    assert.equal(Number(rows), 20_000, where);
    assert.equal(lowest, highest, where);
    assert.ok(versions.includes(lowest), `${where}: version ${lowest} is none of ${versions.join(', ')}`);
  }
}

function leftFiles({ dir }: ProjectFolder): string[] {
  const state = join(dir, '.gccflow');
  const files = readdirSync(join(state, 'objects'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return [
    ...readdirSync(state).filter((name) => !['cache', 'objects', 'postgres', 'warehouse', 'warehouse.spool'].includes(name)),
    ...readdirSync(join(state, 'postgres')).filter((name) => name !== 'data' && name !== 'server.log'),
    ...readdirSync(join(state, 'warehouse.spool')),
    ...files.map(({ name }) => name).filter((name) => name !== 'manifest.json' && name !== 'part-0.tsv.zst'),
    ...(files.length > 4 ? [`${files.length} objects`] : []),
  ];
}

function processesOf({ dir }: ProjectFolder): string[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'args='], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line.includes(dir));
}

test('a build killed at any moment leaves every table whole, and the same command then brings the new ones', async () => {
  using project = projectFolder(versionedProject);
  chmodSync(project.dir, 0o711); // the embedded server may be another user's process
  const seed = 20_261_121;
  const shares = fc.sample(fc.noBias(fc.integer({ min: 5, max: 95 })), { seed, numRuns: 4 });
  let lastMs = 2_500;

  for (const [index, share] of shares.entries()) {
    const version = index + 1;
    const where = `seed ${seed}, kill ${version} at ${share} %`;
    await killedBuild(project, version, (lastMs * share) / 100);
    assertWhole(await readWarehouse(project), [index, version], `ClickHouse, ${where}`);
    assertWhole((await readPostgres(project)).summaries, [index, version], `PostgreSQL, ${where}`);

    const begun = performance.now();
    const again = await runCli(build(version), { cwd: project.dir });
    lastMs = performance.now() - begun;

    assert.equal(again.exitCode, 0, `${where}: ${again.stderr}`);
    const served = await readPostgres(project);
    assertWhole(served.summaries, [version], `PostgreSQL, after ${where}`);
    assert.deepEqual(served.tables, index === 0 ? served.tables : ['base', 'base_old_bkp', 'grown'], where);
    assert.deepEqual(leftFiles(project), [], where);
  }

  const staging = await runCli(['show', '--inline', `select name from system.tables where database = '_gccflow' order by 1`, '--json'], {
    cwd: project.dir,
  });
  const names = (JSON.parse(staging.stdout) as { name: string }[]).map(({ name }) => name.split('__')[0]);
  assert.deepEqual(names, ['base', 'grown', 'publications']);
  for (let tries = 0; tries < 100 && processesOf(project).length > 0; tries += 1) await pause(50); // the server ends by itself
  assert.deepEqual(processesOf(project), []);
});
