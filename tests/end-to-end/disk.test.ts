import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectFolder, runCli, smallProject } from '../support/cli.ts';

test('artifacts that cannot be written are an error of their own, after the outcome of the run', async () => {
  using project = projectFolder({ ...smallProject, target: 'no folder' });

  const run = await runCli(['run', '-q'], { cwd: project.dir });
  const shown = await runCli(['show', 'mart_number', '--json'], { cwd: project.dir });

  assert.equal(run.exitCode, 1);
  assert.match(run.stderr, /^error\[FILE_UNWRITABLE\]: '.*target.*' cannot be written: a file has that name \(EEXIST\)\./m);
  assert.equal(JSON.parse(shown.stdout).length, 10);
});

test('a warehouse whose database was not written to its end, for want of room, is opened by the next command', async () => {
  using project = projectFolder(smallProject);
  const metadata = join(project.dir, '.gccflow/warehouse/metadata');
  mkdirSync(metadata, { recursive: true });
  writeFileSync(join(metadata, 'dbt.sql'), '');

  const built = await runCli(['build', '-q'], { cwd: project.dir });

  assert.equal(built.exitCode, 0, built.stderr);
});
