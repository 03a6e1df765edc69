import assert from 'node:assert/strict';
import { test } from 'node:test';
import { projectFolder, runCli, smallProject } from '../support/cli.ts';

test('ls prints nodes parents first, on stdout alone', async () => {
  using project = projectFolder(smallProject);

  const { exitCode, stdout, stderr } = await runCli(['ls', '--resource-type', 'model'], { cwd: project.dir });

  assert.equal(stdout, 'small.staging.stg_number\nsmall.marts.mart_number\n');
  assert.equal(stderr, '');
  assert.equal(exitCode, 0);
});

test('ls prints names, paths, objects and a graph', async () => {
  using project = projectFolder(smallProject);
  const ls = async (...args: string[]) =>
    (await runCli(['ls', '-s', '+mart_number', '--resource-type', 'model', ...args], { cwd: project.dir })).stdout;

  const [names, paths, lines, json, dot] = await Promise.all([
    ls('--output', 'name'),
    ls('--output', 'path'),
    ls('--output', 'json'),
    ls('--json'),
    ls('--output', 'dot'),
  ]);

  assert.equal(names, 'stg_number\nmart_number\n');
  assert.equal(paths, 'models/staging/stg_number.sql\nmodels/marts/mart_number.sql\n');
  const objects = lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(objects, JSON.parse(json));
  assert.deepEqual(objects[1].depends_on, { nodes: ['model.stg_number'] });
  assert.match(dot, /"model.stg_number" -> "model.mart_number";/);
});

test('what ls prints is a selection of the same node', async () => {
  using project = projectFolder(smallProject);
  const all = (await runCli(['ls'], { cwd: project.dir })).stdout.trim().split('\n');

  const again = await Promise.all(
    all.map((selector) => runCli(['ls', '-s', selector, '--indirect-selection', 'empty'], { cwd: project.dir })),
  );

  assert.deepEqual(
    again.map(({ stdout }) => stdout.trim()),
    all,
  );
});

test('a selection that matches nothing exits 2 and offers the nearest name', async () => {
  using project = projectFolder(smallProject);

  const { exitCode, stdout, stderr } = await runCli(['ls', '-s', 'mart_numbr'], { cwd: project.dir });

  assert.equal(exitCode, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /^error\[SELECTOR_NO_MATCH\]: .*'mart_numbr'.*\n {2}hint: .*mart_number/);
});

test('--allow-empty permits a selection of nothing', async () => {
  using project = projectFolder(smallProject);

  const { exitCode, stdout, stderr } = await runCli(['ls', '-s', 'tag:none', '--allow-empty'], { cwd: project.dir });

  assert.deepEqual({ exitCode, stdout, stderr }, { exitCode: 0, stdout: '', stderr: '' });
});

test('a reader that closes the pipe early is no mistake', async () => {
  using project = projectFolder(smallProject);
  const { startCli } = await import('../support/cli.ts');
  const { child, ended } = startCli(['ls', '--json'], { cwd: project.dir });

  child.stdout?.destroy();
  const { exitCode, stderr } = await ended.catch(() => ({ exitCode: 0, stderr: '' }));

  assert.deepEqual({ exitCode, stderr }, { exitCode: 0, stderr: '' });
});
