import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { type CliRun, projectFolder, runCli, smallProject, startCli } from '../support/cli.ts';

const slowProject = {
  ...smallProject,
  'models/slow.sql':
    '{{config materialized="table" query_settings=(map max_block_size=1)}}\nselect sleepEachRow(0.1) as slept from numbers(600) where number >= (select min(id) from {{ref "stg_number"}})\n',
};

/** Starts a command and sends it each signal when a line of its stderr says that the time has come. */
async function signalled(args: readonly string[], cwd: string, signals: readonly (readonly [RegExp, NodeJS.Signals])[]): Promise<CliRun> {
  const { child, ended } = startCli(args, { cwd });
  const left = [...signals];
  let seen = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    seen += chunk.toString();
    const [next] = left;
    if (next?.[0].test(seen)) {
      left.shift();
      child.kill(next[1]);
    }
  });
  return ended;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal} in the middle of a build ends its queries, writes the artifacts and ends the process by ${signal}`, async () => {
    using project = projectFolder(slowProject);

    const run = await signalled(['run', '--threads', '2'], project.dir, [[/start model\.slow/, signal]]);
    const shown = await runCli(['show', 'stg_number', '--json'], { cwd: project.dir });

    assert.deepEqual([run.exitCode, run.signal], [null, signal]);
    assert.match(run.stderr, new RegExp(`stopping on ${signal}`));
    assert.match(run.stdout, /^cancelled +model\.slow /m);
    const { results } = JSON.parse(readFileSync(join(project.dir, 'target/run_results.json'), 'utf8'));
    assert.equal(results.find((result: { unique_id: string }) => result.unique_id.endsWith('.slow')).status, 'skipped');
    assert.equal(JSON.parse(shown.stdout).length, 10);
  });
}

test('a second signal ends the process at once, by that signal', async () => {
  using project = projectFolder(slowProject);

  const run = await signalled(['run', '--threads', '2'], project.dir, [
    [/start model\.slow/, 'SIGINT'],
    [/stopping on SIGINT/, 'SIGTERM'],
  ]);

  assert.deepEqual([run.exitCode, run.signal], [null, 'SIGTERM']);
});

test('a sync whose store breaks off every connection is interrupted within the 10 s that containers are given', async () => {
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
  const store = createServer((socket) => {
    reach();
    socket.on('error', () => {}).resetAndDestroy();
  });
  await once(store.listen(0, '127.0.0.1'), 'listening');
  const endpoint = `http://127.0.0.1:${(store.address() as AddressInfo).port}`;
  using project = projectFolder({
    ...smallProject,
    'project.yaml': `name: small\ntargets:\n  dev:\n    objects: { type: s3, bucket: scratch, endpoint: '${endpoint}', access_key_id: id, secret_access_key: key }\n`,
    'sinks/number.yaml': 'kind: sync\nname: number\nfrom: stg_number\nto: number\n',
  });
  chmodSync(project.dir, 0o711); // the embedded server may be another user's process
  const { child, ended } = startCli(['build'], { cwd: project.dir });
  await Promise.race([reached, ended.then(({ stderr }) => assert.fail(stderr))]);

  const begun = performance.now();
  child.kill('SIGINT');
  const run = await ended;
  const tookMs = performance.now() - begun;
  store.close();

  assert.deepEqual([run.exitCode, run.signal], [null, 'SIGINT'], run.stderr);
  assert.ok(tookMs < 10_000, `it took ${tookMs} ms`);
  const { results } = JSON.parse(readFileSync(join(project.dir, 'target/run_results.json'), 'utf8'));
  assert.ok(results.length > 0);
});

test('a second run of the same warehouse exits 3 and says who holds it; --wait-lock waits', async () => {
  using project = projectFolder(slowProject);
  const { child, ended } = startCli(['run', '-s', '+slow'], { cwd: project.dir });
  await new Promise<void>((resolve) => child.stderr?.on('data', (chunk: Buffer) => chunk.includes('start model.slow') && resolve()));

  const refused = await runCli(['run', '-s', 'stg_number'], { cwd: project.dir });
  const waiting = runCli(['run', '-s', 'stg_number', '--wait-lock', '30s'], { cwd: project.dir });
  child.kill('SIGINT');
  const [waited] = await Promise.all([waiting, ended]);

  assert.equal(refused.exitCode, 3);
  assert.match(refused.stderr, new RegExp(`^error\\[WAREHOUSE_HELD\\]: .*${child.pid}`)); // and no line of the engine's own before it
  assert.equal(waited.exitCode, 0, waited.stderr);
});

test('warehouse serve shares the warehouse with other commands until it is told to stop, and exits 0', async () => {
  using project = projectFolder(smallProject);
  const { child, ended } = startCli(['warehouse', 'serve'], { cwd: project.dir });
  await new Promise((resolve) => child.stdout?.once('data', resolve));

  const [built, shown] = [
    await runCli(['build', '-q'], { cwd: project.dir }),
    await runCli(['show', 'mart_number', '--json'], { cwd: project.dir }),
  ];
  child.kill('SIGTERM');
  const served = await ended;

  assert.equal(built.exitCode, 0, built.stderr);
  assert.equal(JSON.parse(shown.stdout).length, 10);
  assert.deepEqual([served.exitCode, served.signal], [0, null]);
  assert.match(served.stdout, /^http:\/\/127\.0\.0\.1:\d+\n$/);
});

test('on a shared warehouse only runs of the same nodes refuse each other', async () => {
  using project = projectFolder({ ...slowProject, 'models/other.sql': '{{config materialized="table"}}\nselect 1 as a\n' });
  const server = startCli(['warehouse', 'serve'], { cwd: project.dir });
  await new Promise((resolve) => server.child.stdout?.once('data', resolve));
  const run = startCli(['run', '-s', '+slow'], { cwd: project.dir });
  await new Promise<void>((resolve) => run.child.stderr?.on('data', (chunk: Buffer) => chunk.includes('start model.slow') && resolve()));

  const [same, other] = await Promise.all([
    runCli(['run', '-s', 'slow'], { cwd: project.dir }),
    runCli(['run', '-s', 'other'], { cwd: project.dir }),
  ]);
  run.child.kill('SIGINT');
  const stopped = await run.ended;
  server.child.kill('SIGTERM');
  await server.ended;

  assert.equal(same.exitCode, 3);
  assert.match(same.stderr, /^error\[RUN_LOCKED\]: .*model\.slow/);
  assert.equal(other.exitCode, 0, other.stderr);
  assert.equal(stopped.signal, 'SIGINT');
});
