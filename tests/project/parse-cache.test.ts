import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Manifest } from '../../framework/manifest/manifest.ts';
import { type Files, type ProjectDir, projectDir } from '../support/project-dir.ts';

const files: Files = {
  'sources/raw.yaml': 'kind: source\nname: raw\ntables: [{ name: event, columns: [{ name: id, tests: [not_null] }] }]\n',
  'sources/seeds/city.csv': 'id,name\n1,Pune\n',
  'models/a.sql': '{{config materialized="table" tags="x" meta=(map level=1)}}select {{var "n" 1}} from {{source "raw" "event"}}',
  'models/b.sql': 'select {{> m}} from {{ref "a"}} {{#if (is_incremental)}}where 1{{/if}}',
  'models/m.yaml':
    'kind: models\nmodels: [{ name: b, columns: [{ name: id, tests: [unique] }] }]\nexposures: [{ name: e, depends_on: [b] }]\n',
  'macros/m.hbs': '1',
  'tests/data/no_rows.sql': 'select * from {{ref "b"}} where 0',
  'sinks/s.yaml': 'kind: sync\nname: s\nfrom: b\nto: t\n',
};

/** All of a manifest that is data, in a form that deepEqual compares fast. */
function snapshot(manifest: Manifest): string {
  return JSON.stringify([manifest.nodes, manifest.parents, manifest.macros].map((map) => [...map]));
}

async function loadCached(project: ProjectDir): Promise<string> {
  return snapshot((await project.load({ cacheDir: join(project.dir, '.gccflow/cache') })).manifest);
}

const loadUncached = async (project: ProjectDir): Promise<string> => snapshot((await project.load()).manifest);

function cacheFile(project: ProjectDir): string {
  return join(project.dir, '.gccflow/cache/parse-cache.json');
}

test('a load from the cache gives what a load without it gives', async () => {
  using project = projectDir(files);
  await loadCached(project);

  assert.equal(await loadCached(project), await loadUncached(project));
});

test('changed, added, removed and renamed files are noticed, in any order, also within one clock tick', async () => {
  const change = fc.record({
    file: fc.integer({ min: 0, max: 3 }),
    to: fc.integer({ min: 0, max: 3 }),
    kind: fc.constantFrom('write', 'remove', 'rename', 'touch'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 8 }), async (changes) => {
      using project = projectDir(files);
      await loadCached(project);

      for (const { file, to, kind } of changes) {
        apply(project.dir, `models/extra_${file}.sql`, `models/extra_${to}.sql`, kind, to);
        assert.equal(await loadCached(project), await loadUncached(project));
      }
    }),
    { numRuns: 25 },
  );
});

function apply(dir: string, file: string, other: string, kind: string, number: number): void {
  const path = join(dir, file);
  const exists = readdirSync(join(dir, 'models')).includes(file.slice('models/'.length));
  if (kind === 'write' || !exists) writeFileSync(path, `select ${number} as same_length`);
  else if (kind === 'remove') rmSync(path);
  else if (kind === 'rename') renameSync(path, join(dir, other));
  else utimesSync(path, new Date(0), new Date(0));
}

test('a file put back under its old times with other content of the same length is noticed', async () => {
  using project = projectDir(files);
  const path = join(project.dir, 'models/c.sql');
  const longAgo = new Date('2020-01-01T00:00:00Z');
  writeFileSync(path, 'select 1 as n');
  utimesSync(path, longAgo, longAgo);
  await loadCached(project);

  writeFileSync(path, 'select 2 as n');
  utimesSync(path, longAgo, longAgo);

  assert.equal(await loadCached(project), await loadUncached(project));
});

for (const [name, damage] of [
  ['cut off', (text: string) => text.slice(0, text.length / 2)],
  ['empty', () => ''],
  ['changed inside', (text: string) => text.replace('select', 'delete')],
  ['not JSON', () => 'nonsense\nnonsense'],
] as const) {
  test(`a cache that is ${name} does no harm`, async () => {
    using project = projectDir(files);
    await loadCached(project);
    const whole = readFileSync(cacheFile(project), 'utf8');
    writeFileSync(cacheFile(project), damage(whole));

    assert.equal(await loadCached(project), await loadUncached(project));
  });
}

test('what a killed run left in the cache folder goes with the next write; what a running one writes stays', async () => {
  using project = projectDir(files);
  const dir = join(project.dir, '.gccflow/cache');
  const gone = spawnSync(process.execPath, ['--version']).pid;
  project.write({ [`.gccflow/cache/parse-cache.json.${gone}`]: 'half', [`.gccflow/cache/parse-cache.jsonl.${process.ppid}`]: 'half' });

  await loadCached(project);

  assert.deepEqual(readdirSync(dir).toSorted(), ['parse-cache.json', `parse-cache.jsonl.${process.ppid}`, 'project-cache.json']);
});

test('a cache folder that cannot be made does no harm', async () => {
  using project = projectDir({ ...files, '.gccflow': 'a file where the folder should be' });

  assert.equal(await loadCached(project), await loadUncached(project));
});

test('values of the environment are never in the cache, and a changed one is noticed', async () => {
  using project = projectDir({
    'sources/raw.yaml': `kind: source\nname: raw\ndatabase: '{{env "DB"}}'\ntables: [{ name: event }]\n`,
    'models/a.sql': `select '{{env "DB"}}' from {{source "raw" "event"}}`,
  });
  const cacheDir = join(project.dir, '.gccflow/cache');
  await project.load({ cacheDir, env: { DB: 'secret_one' } });

  const { manifest } = await project.load({ cacheDir, env: { DB: 'secret_two' } });

  const source = manifest.nodes.get('source.raw.event');
  assert.equal(source?.kind === 'source' && source.relation.database, 'secret_two');
  assert.doesNotMatch(readFileSync(cacheFile(project), 'utf8'), /secret/);
});

const rootFile = `name: shop
targets:
  dev: { warehouse: { type: embedded, database: '{{env "DB" "main"}}' } }
  other: { warehouse: { type: embedded, database: second } }
  third: { warehouse: { type: embedded, database: third } }
vars: { day: 2026-01-01 }
models: { +tags: [all], marts: { materialized: table, daily: { +tags: [daily] } } }
tests: { severity: warn }
`;

test('what project.yaml says comes from the cache, for each target, and a changed file or environment is noticed', async () => {
  using project = projectDir({ ...files, 'models/marts/daily/d.sql': 'select 1', 'project.yaml': rootFile });
  const cacheDir = join(project.dir, '.gccflow/cache');
  const loaded = async (target: string | null, env = {}, dir: string | null = cacheDir) => {
    const { project: read } = await project.load({ cacheDir: dir, target, env });
    const { name, targetName, target: config, vars, folderConfigs } = read;
    return { name, targetName, config, vars, folderConfigs };
  };

  for (const round of ['first', 'second']) {
    for (const target of ['other', 'third', null]) assert.deepEqual(await loaded(target), await loaded(target, {}, null), round);
  }
  const kept = readFileSync(join(cacheDir, 'project-cache.json'), 'utf8');
  assert.equal((await loaded(null, { DB: 'changed' })).config.warehouse.database, 'changed');
  project.write({ 'project.yaml': rootFile.replace('third }', 'moved }') });

  assert.deepEqual(
    kept.split('\n').flatMap((line) => /"targetName":"\w+"/.exec(line)?.[0] ?? []),
    ['"targetName":"other"', '"targetName":"third"'],
  );
  assert.equal((await loaded('third')).config.warehouse.database, 'moved');
});

test('a project.yaml that says what JSON cannot hold means the same in every load', async () => {
  using project = projectDir({ 'project.yaml': 'name: shop\ntargets: { dev: {} }\nvars: { most: .inf }\n' });
  const load = async () => (await project.load({ cacheDir: join(project.dir, '.gccflow/cache') })).project.vars;

  assert.deepEqual([await load(), await load()], [{ most: Number.POSITIVE_INFINITY }, { most: Number.POSITIVE_INFINITY }]);
});

test('a project with a mistake reports it again from a warm cache', async () => {
  using project = projectDir({ ...files, 'models/c.sql': 'select 1; select 2' });
  const cacheDir = join(project.dir, '.gccflow/cache');
  const first = await project.mistakes({ cacheDir });

  assert.equal(first.length, 1);
  assert.deepEqual(await project.mistakes({ cacheDir }), first);
});

test('many files parsed on several threads give what one thread gives', async () => {
  const many = Object.fromEntries(Array.from({ length: 1300 }, (_, n) => [`models/m${n}.sql`, `select {{var "n" ${n}}}`]));
  using project = projectDir({
    ...many,
    'models/wrong.sql': 'select {{',
    'models/m.yaml': `kind: models\nmodels: [{ name: m7, description: '{{env "D"}}' }]\n`,
  });

  const mistakes = await project.mistakes({ env: { D: 'described' } });
  rmSync(join(project.dir, 'models/wrong.sql'));
  const { manifest } = await project.load({ env: { D: 'described' } });

  assert.deepEqual(
    mistakes.map((mistake) => mistake.split(' ', 2).join(' ')),
    ['TEMPLATE_SYNTAX models/wrong.sql:1:8'],
  );
  assert.equal(manifest.nodes.size, 1300);
  assert.equal(manifest.nodes.get('model.m7')?.description, 'described');
});
