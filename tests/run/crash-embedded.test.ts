import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { compileCache } from '../support/compile-cache.ts';

test('a process that holds the embedded engine and is killed after any statement leaves the old table or the new one', async () => {
  const home = await mkdtemp(join(tmpdir(), 'gccflow-crash-'));
  await mkdir(join(home, 'project'));

  let kills = 0;
  while ((await runLink(home, kills + 1)) === 'SIGKILL') kills += 1;

  assert.ok(kills >= 11, `only ${kills} kills`);
  await rm(home, { recursive: true, force: true });
});

async function runLink(home: string, crashAfter: number): Promise<NodeJS.Signals | null> {
  const script = join(import.meta.dirname, '../support/crash-embedded.ts');
  const child = spawn(process.execPath, [script, home, join(home, 'project'), String(crashAfter)], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: compileCache },
  });
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  assert.ok(signal === 'SIGKILL' || code === 0, `the build killed after statement ${crashAfter} ended with ${code ?? signal}`);
  return signal;
}
