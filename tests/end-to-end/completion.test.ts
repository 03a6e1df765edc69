import assert from 'node:assert/strict';
import { test } from 'node:test';
import { projectFolder, runCli, smallProject } from '../support/cli.ts';

const cases: readonly [readonly string[], readonly string[]][] = [
  [['bu'], ['build']],
  [['warehouse', ''], ['serve']],
  [['build', '--full'], ['--full-refresh']],
  [['ls', '--output', 'j'], ['json']],
  [['run', '--select', 'stg'], ['stg_number']],
  [['run', '-s', 'stg_number', 'mart'], ['mart_number']],
  [['show', 'mart'], ['mart_number']],
  [
    ['run', '--target', ''],
    ['dev', 'prod'],
  ],
  [['build', '--selector', ''], ['numbers']],
  [['list', '--select', 'mart'], ['mart_number']],
  [['completion', 'z'], ['zsh']],
  [['sink', ''], ['events']],
  [['dead-letters', 'replay', ''], ['events']],
];
const targetsAndSelector = {
  'project.yaml': `name: small\ntarget: dev\ntargets:\n  dev: {}\n  prod: { postgres: { type: postgres, url: '{{env "UNSET"}}' } }\n`,
  'selectors.yaml': 'selectors: [{ name: numbers, definition: stg_number }]\n',
  'sinks/events.yaml': 'kind: sink\nname: events\nqueue: { name: q }\nto: { clickhouse: events }\ncolumns: { id: String }\n',
};
for (const [words, expected] of cases) {
  test(`gccflow ${words.join(' ')} completes to ${expected.join(' ')}`, async () => {
    using project = projectFolder({ ...smallProject, ...targetsAndSelector });

    const { exitCode, stdout } = await runCli(['completion', 'bash', '--', ...words], { cwd: project.dir });

    assert.deepEqual([exitCode, stdout.trim().split('\n')], [0, expected]);
  });
}

test('outside of a project completion still knows commands and flags', async () => {
  using empty = projectFolder();

  const { exitCode, stdout, stderr } = await runCli(['completion', 'fish', '--', 'ls', '--select', ''], { cwd: empty.dir });

  assert.deepEqual({ exitCode, stdout, stderr }, { exitCode: 0, stdout: '', stderr: '' });
});

test('every shell gets a script that asks gccflow', async () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { stdout } = await runCli(['completion', shell], { cwd: import.meta.dirname });

    assert.match(stdout, new RegExp(`gccflow completion ${shell} -- `));
  }
});
