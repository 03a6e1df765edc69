import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectFolder, runCli, smallProject } from '../support/cli.ts';

test('every mistake of a project is printed with its line, a caret, a hint and the count', async () => {
  using project = projectFolder({
    ...smallProject,
    'models/marts/mart_number.sql': '\tselect * from {{ref "stg_numbr"}}\n',
    'models/marts/other.sql': '{{config materialised="table"}}\nselect 1 as a\n',
  });

  const { exitCode, stdout, stderr } = await runCli(['ls'], { cwd: project.dir });

  assert.equal(exitCode, 1);
  assert.equal(stdout, '');
  assert.match(
    stderr,
    /error\[REF_NOT_FOUND\]: .*\n {2}--> models\/marts\/mart_number\.sql:1:\d+\n1 \| \tselect \* from \{\{ref "stg_numbr"\}\}\n {2}\| \t {20}\^\n {2}hint: Did you mean 'stg_number'\?/,
  );
  assert.match(stderr, /error\[KEY_UNKNOWN\]: .*materialised/);
  assert.match(stderr, /\n\nThe project has 2 mistakes\.\n$/);
});

test('places are relative to where the command runs', async () => {
  using project = projectFolder({ ...smallProject, 'models/marts/mart_number.sql': 'select * from {{ref "nope"}}\n' });

  const { stderr } = await runCli(['ls', '--project-dir', '..'], { cwd: join(project.dir, 'models') });

  assert.match(stderr, /--> marts\/mart_number\.sql:1:\d+\n1 \| select/);
});

test('no secret of a target is printed, logged or written to an artifact', async () => {
  const secrets = { PG: 'pa55/w:rd with blank', CH: 'clickhouse-s3cret', S3: 'AKIAsecretkey000' };
  using project = projectFolder({
    ...smallProject,
    'project.yaml': `name: small
targets:
  dev:
    warehouse: { type: embedded }
    postgres: { type: postgres, url: '{{env "PG_URL"}}' }
    objects: { type: s3, bucket: b, endpoint: 'http://127.0.0.1:9', access_key_id: key, secret_access_key: '{{env "S3"}}' }
  server:
    warehouse: { type: clickhouse, url: '{{env "CH_URL"}}' }
`,
    'models/leak.sql': `{{config materialized="table"}}\nselect '{{env "S3"}}' as b\n`,
    'sinks/number.yaml': 'kind: sync\nname: number\nfrom: mart_number\nto: number\n',
  });
  const env = {
    ...secrets,
    PG_URL: `postgres://user:${encodeURIComponent(secrets.PG)}@127.0.0.1:9/db`,
    CH_URL: `http://user:${secrets.CH}@127.0.0.1:9`,
  };
  const options = { cwd: project.dir, env };

  const runs = await Promise.all([
    runCli(['debug', '-t', 'server'], options),
    runCli(['debug', '--log-level', 'debug', '--log-format', 'json', '-t', 'server'], options),
    runCli(['run', '-t', 'server', '--log-level', 'debug'], options),
  ]);
  const built = await runCli(['run', '--log-level', 'debug'], options);
  const refused = await runCli(['sync'], options);
  const planned = await runCli(['compile', '-s', 'leak'], options);

  const target = join(project.dir, 'target');
  const artifacts = readdirSync(target, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const written = artifacts.map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
  const texts = [...runs, built, refused, planned].flatMap(({ stdout, stderr }) => [stdout, stderr]);
  assert.deepEqual(
    runs.map(({ exitCode }) => exitCode),
    [1, 1, 1],
  );
  assert.ok(written.length > 2);
  for (const text of [...texts, ...written]) {
    for (const form of [secrets.S3, secrets.PG, encodeURIComponent(secrets.PG)]) assert.ok(!text.includes(form), text.slice(0, 2000));
  }
  for (const text of runs.flatMap(({ stdout, stderr }) => [stdout, stderr])) assert.ok(!text.includes(secrets.CH), text);
});

test("what ClickHouse refuses is shown in the model's own file, with the way on", async () => {
  using project = projectFolder({
    ...smallProject,
    'models/misspelt.sql': 'select\n    id,\n    toStrng(id) as text\nfrom {{ref "stg_number"}}\n',
    'models/unparsed.sql': 'select id\n    id as twice\nfrom {{ref "stg_number"}} limt 3 4\n',
    'models/unknown.sql': 'select 1 as a from stg_nmber\n',
    'models/sourced.sql': 'select 1 as a from {{source "web" "visit"}}\n',
    'models/hooked.sql': '{{config materialized="table" post_hook="optimise table {{this}}"}}\nselect 1 as a\n',
    'sources/web.yaml': 'kind: source\nname: web\ntables: [{ name: visit }]\n',
  });

  const { exitCode, stderr } = await runCli(['run'], { cwd: project.dir });

  assert.equal(exitCode, 1);
  assert.match(
    stderr,
    /UNKNOWN_FUNCTION[^\n]*\n {2}--> models\/misspelt\.sql:3:5\n3 \| {5}toStrng\(id\) as text\n {2}\| {5}\^\n {2}hint: Did you mean 'toString'/,
  );
  assert.match(stderr, /SYNTAX_ERROR[^\n]* failed at '\w+'\.[^\n]*\n {2}--> models\/unparsed\.sql:[23]:\d+/);
  assert.match(stderr, /models\/unknown\.sql:1:20\n[\s\S]*?hint: Name what is read by \{\{ref "…"\}\}/);
  assert.match(stderr, /error\[WAREHOUSE_QUERY\]: In its post_hook: ClickHouse refused the statement \(SYNTAX_ERROR/);
  assert.match(stderr, /hint: No model builds a source: create 'web'\.'visit'/);
});
