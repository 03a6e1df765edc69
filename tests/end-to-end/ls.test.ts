import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { projectFolder, runCli, smallProject, startCli } from '../support/cli.ts';

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

test('build and plan refuse a selection of nodes that they do not run', async () => {
  using project = projectFolder({
    ...smallProject,
    'sinks/events.yaml': 'kind: sink\nname: events\nqueue: { name: events_q }\nto: { clickhouse: events }\ncolumns: { id: String }\n',
  });

  const built = await runCli(['build', '-s', 'events'], { cwd: project.dir });
  const planned = await runCli(['plan', '-s', 'events'], { cwd: project.dir });

  for (const { exitCode, stderr } of [built, planned]) {
    assert.equal(exitCode, 2);
    assert.match(stderr, /SELECTOR_NO_MATCH[\s\S]*hint: It picks nodes of type sink, and this command works on model, seed, test, sync\./);
  }
});

test('--allow-empty permits a selection of nothing', async () => {
  using project = projectFolder(smallProject);

  const { exitCode, stdout, stderr } = await runCli(['ls', '-s', 'tag:none', '--allow-empty'], { cwd: project.dir });

  assert.deepEqual({ exitCode, stdout, stderr }, { exitCode: 0, stdout: '', stderr: '' });
});

test('a reader that closes the pipe early is no mistake', async () => {
  using project = projectFolder(smallProject);
  const { child, ended } = startCli(['ls', '--json'], { cwd: project.dir });
  ended.catch(() => {}); // its own reading of stdout breaks off

  child.stdout?.destroy();
  const [exitCode, signal] = await once(child, 'exit');

  assert.deepEqual([exitCode, signal], [0, null]);
});

test('a run goes on where nobody reads its progress any more', async () => {
  using project = projectFolder(smallProject);
  const { child, ended } = startCli(['run'], { cwd: project.dir });
  ended.catch(() => {}); // its own reading of stderr breaks off

  child.stderr?.destroy();
  const [exitCode, signal] = await once(child, 'exit');
  const shown = await runCli(['show', 'mart_number', '--json'], { cwd: project.dir });

  assert.deepEqual([exitCode, signal], [0, null]);
  assert.equal(JSON.parse(shown.stdout).length, 10);
});
