import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectFolder, runCli } from '../support/cli.ts';

test('a fresh project builds, is published to PostgreSQL, can be shown and rolled back', async () => {
  using folder = projectFolder();
  const cwd = join(folder.dir, 'first_steps');

  const made = await runCli(['init', 'first_steps'], { cwd: folder.dir });
  const debug = await runCli(['debug', '--json'], { cwd });
  const built = await runCli(['build'], { cwd });
  const shown = await runCli(['show', 'channel'], { cwd });
  const synced = await runCli(['sync', 'channel', '-q'], { cwd });
  const rolledBack = await runCli(['rollback', 'sync.channel'], { cwd });

  assert.match(made.stdout, /^\.gitignore$/m);
  const { project, parts } = JSON.parse(debug.stdout);
  assert.equal(project, 'first_steps');
  assert.deepEqual(
    parts.map(({ part, answers }: { part: string; answers: boolean }) => [part, answers]),
    [
      ['warehouse', true],
      ['postgres', true],
      ['objects', true],
      ['broker', true],
      ['limiter', true],
      ['assets', true],
    ],
  );
  assert.equal(built.exitCode, 0, built.stderr);
  assert.match(built.stdout, /^ok +sync\.channel +3 /m);
  assert.match(shown.stdout, /^channel +videos +total_views +last_published_on +rank\n─+/);
  assert.match(shown.stdout, /^नमस्ते भूगोल +2 +112080 +2025-11-09 +1$/m);
  assert.deepEqual([synced.exitCode, synced.stdout], [0, '']);
  assert.equal(rolledBack.exitCode, 0, rolledBack.stderr);
});

test('init leaves a folder alone that holds anything', async () => {
  using folder = projectFolder({ 'notes.txt': 'mine' });

  const { exitCode, stderr } = await runCli(['init'], { cwd: folder.dir });

  assert.equal(exitCode, 2);
  assert.match(stderr, /The folder '\.' is not empty: it holds 'notes\.txt'\./);
});
