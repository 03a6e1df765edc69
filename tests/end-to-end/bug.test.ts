import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ProjectFolder, projectFolder, runCli, smallProject, startCli } from '../support/cli.ts';
import { type MuteServer, muteServer } from '../support/mute-server.ts';

const ordersBugs = `--import ${new URL('../support/throw-on-signal.ts', import.meta.url).href}`;

/** A statement that waits for the network heeds no KILL QUERY, and lasts for minutes. */
const waitFor = ({ port }: MuteServer): string => `select * from url('http://127.0.0.1:${port}/', 'LineAsString', 'line String')`;

interface Endpoint {
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

/** Starts `warehouse serve` and a statement in it that never ends by itself. */
async function serveStuck(project: ProjectFolder, server: MuteServer, args: readonly string[] = []) {
  const env = { NODE_OPTIONS: ordersBugs, WAREHOUSE_PASSWORD: 'hush-hush-hush', BUG_TEXT: 'with hush-hush-hush' };
  const started = startCli(['warehouse', 'serve', ...args], { cwd: project.dir, env });
  await Promise.race([once(started.child.stdout ?? assert.fail(), 'data'), started.ended.then(({ stderr }) => assert.fail(stderr))]);
  const file = join(project.dir, '.gccflow/warehouse.endpoint.json');
  const { url, user, password } = JSON.parse(readFileSync(file, 'utf8')) as Endpoint;
  const headers = { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': password };
  const broken = fetch(url, { method: 'POST', headers, body: waitFor(server) }).then((answer) => answer.text());
  broken.catch(() => {}); // the server ends before it answers
  await server.reached;
  return { ...started, endpointFile: file };
}

const projectWithSecret = { ...smallProject, 'models/x.sql': `select '{{env "WAREHOUSE_PASSWORD"}}' as x\n` };

for (const [kind, signal] of [
  ['an exception that nobody catches', 'SIGUSR2'],
  ['a rejection that nobody looks at', 'SIGHUP'],
] as const) {
  test(`${kind} ends warehouse serve within seconds with status 70, whatever a statement does`, async () => {
    await using server = await muteServer();
    using project = projectFolder(projectWithSecret);
    const { child, ended, endpointFile } = await serveStuck(project, server);

    const begun = performance.now();
    child.kill(signal);
    const { stderr, ...end } = await ended;
    const tookMs = performance.now() - begun;
    const built = await runCli(['build', '-q'], { cwd: project.dir, env: { WAREHOUSE_PASSWORD: 'hush-hush-hush' } });

    assert.deepEqual([end.exitCode, end.signal], [70, null], stderr);
    assert.match(stderr, /^this is a bug in gccflow\nError: a bug: with \*\*\*\n {4}at .*throw-on-signal/m);
    assert.ok(!stderr.includes('hush-hush'), stderr);
    assert.ok(!existsSync(endpointFile));
    assert.ok(tookMs < 10_000, `it took ${tookMs} ms`);
    assert.equal(built.exitCode, 0, built.stderr);
  });
}

test('a bug in a build is told in JSON too, the artifacts are written, and the live tables stay whole', async () => {
  using project = projectFolder(smallProject);
  await runCli(['build', '-q'], { cwd: project.dir });
  project.write({ 'models/marts/mart_number.sql': '{{config materialized="table"}}\nselect sleepEachRow(0.1) as id from numbers(600)\n' });
  const env = { NODE_OPTIONS: ordersBugs };
  const { child, ended } = startCli(['build', '--log-format', 'json'], { cwd: project.dir, env });
  const begun = new Promise<void>((resolve) =>
    child.stderr?.on(
      'data',
      (chunk: Buffer) => /node started.*model\.mart_number|model\.mart_number.*started/.test(String(chunk)) && resolve(),
    ),
  );
  await Promise.race([begun, ended.then(({ stderr }) => assert.fail(stderr))]);

  child.kill('SIGUSR2');
  const { stderr, ...end } = await ended;
  const shown = await runCli(['show', 'mart_number', '--json'], { cwd: project.dir });

  assert.deepEqual([end.exitCode, end.signal], [70, null], stderr);
  const logged = stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const { err } = logged.find(({ msg }) => msg === 'this is a bug in gccflow');
  assert.match(err.stack, /^Error: a bug: ordered\n {4}at /);
  assert.equal(JSON.parse(readFileSync(join(project.dir, 'target/run_results.json'), 'utf8')).results.length > 0, true);
  assert.equal(JSON.parse(shown.stdout).length, 10);
});
