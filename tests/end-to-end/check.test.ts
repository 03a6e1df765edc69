import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectFolder, runCli } from '../support/cli.ts';

const valid: Readonly<Record<string, string>> = {
  'project.yaml': 'name: shop\ntargets: { dev: {} }\n',
  'sources/raw.yaml': `kind: source
name: raw
tables:
  - name: event
    columns: [{ name: id, type: UInt64 }, { name: day, type: Date }]
`,
  'models/daily.sql': 'select day, count() as events\nfrom {{source "raw" "event"}}\ngroup by day\n',
  'models/monthly.sql': 'select toStartOfMonth(day) as month, sum(events) as events\nfrom {{ref "daily"}}\ngroup by month\n',
};

test('a valid project has no finding, and what its relations return is written down', async () => {
  using project = projectFolder(valid);

  const { exitCode, stdout, stderr } = await runCli(['check'], { cwd: project.dir });

  assert.equal(exitCode, 0, stderr);
  assert.equal(stdout, '');
  assert.match(stderr, /^checked 2 models in \d+\.\d s: 0 errors, 0 warnings$/m);
  const { relations } = JSON.parse(readFileSync(join(project.dir, 'target/check.json'), 'utf8'));
  assert.deepEqual(
    relations['model.monthly'].columns.map(({ name, type }: { name: string; type: string }) => [name, type]),
    [
      ['month', 'Date'],
      ['events', 'UInt64'],
    ],
  );
});

test('a mistake is shown with its line, a caret and the nearest name, and the exit code is 1', async () => {
  using project = projectFolder({ ...valid, 'models/monthly.sql': 'select\n  toStartOfMonth(dai) as month\nfrom {{ref "daily"}}\n' });

  const { exitCode, stdout, stderr } = await runCli(['check', '--no-color'], { cwd: project.dir });

  assert.equal(exitCode, 1);
  assert.equal(
    stdout,
    `error[CHECK_NAME_UNKNOWN]: Model 'monthly': There is no column 'dai' here.
  --> models/monthly.sql:2:18
2 |   toStartOfMonth(dai) as month
  |                  ^
  hint: Did you mean 'day'?
`,
  );
  assert.match(stderr, /1 error, 0 warnings/);
});

test('findings of what is selected alone are printed, as JSON where that is asked for', async () => {
  using project = projectFolder({
    ...valid,
    'models/monthly.sql': 'select nofunction(day) as x from {{ref "daily"}}',
    'models/other.sql': 'select nothing from {{source "raw" "event"}}',
  });

  const { exitCode, stdout } = await runCli(['check', '--json', '--select', 'monthly'], { cwd: project.dir });

  assert.equal(exitCode, 1);
  const found = JSON.parse(stdout) as readonly Record<string, unknown>[];
  assert.deepEqual(
    found.map(({ severity, node, code, file, line, column }) => ({ severity, node, code, file, line, column })),
    [{ severity: 'error', node: 'model.monthly', code: 'CHECK_NAME_UNKNOWN', file: 'models/monthly.sql', line: 1, column: 8 }],
  );
});

test('what hinders a check is JSON too, where that is asked for', async () => {
  using project = projectFolder({ ...valid, 'project.yaml': 'nmae: shop\ntargets: { dev: {} }\n' });

  const { exitCode, stdout, stderr } = await runCli(['check', '--json', '--no-engine'], { cwd: project.dir });

  assert.equal(exitCode, 1);
  const found = JSON.parse(stdout) as readonly Record<string, unknown>[];
  assert.deepEqual(
    found.map(({ code, file, line, column }) => ({ code, file, line, column })),
    [{ code: 'KEY_UNKNOWN', file: 'project.yaml', line: 1, column: 1 }],
  );
  assert.match(stderr, /KEY_UNKNOWN/);
});

test('--no-engine says what it left out', async () => {
  using project = projectFolder({ ...valid, 'models/monthly.sql': 'select nothing from {{ref "daily"}}' });

  const { exitCode, stderr } = await runCli(['check', '--no-engine'], { cwd: project.dir });

  assert.equal(exitCode, 0);
  assert.match(stderr, /left out: all that ClickHouse checks/);
});

test('a second check finds the same, from a cache that may be damaged or go at any time', async () => {
  using project = projectFolder({ ...valid, 'models/other.sql': 'select nothing from {{source "raw" "event"}}' });
  const first = await runCli(['check'], { cwd: project.dir });

  const second = await runCli(['check'], { cwd: project.dir });
  project.write({ '.gccflow/cache/check-cache.json': 'half of a' });
  const damaged = await runCli(['check'], { cwd: project.dir });
  rmSync(join(project.dir, '.gccflow'), { recursive: true });
  const gone = await runCli(['check'], { cwd: project.dir });
  project.write({ 'models/daily.sql': 'select day, count() as n\nfrom {{source "raw" "event"}}\ngroup by day\n' });
  const changed = await runCli(['check', '--json'], { cwd: project.dir });

  assert.match(first.stdout, /models\/other\.sql:1:8/);
  for (const again of [second, damaged, gone]) assert.equal(again.stdout, first.stdout);
  assert.deepEqual(
    (JSON.parse(changed.stdout) as { file: string; line: number }[]).map(({ file, line }) => `${file}:${line}`),
    ['models/monthly.sql:1', 'models/other.sql:1'],
  );
});
