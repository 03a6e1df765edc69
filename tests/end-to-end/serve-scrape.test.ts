import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { projectFolder, runCli, startCli } from '../support/cli.ts';
import { ask, type HttpAnswer } from '../support/flow-server.ts';
import { until } from '../support/until.ts';
import { image, json, late, openUpstream, status, type Upstream } from '../support/upstream.ts';

/** A profile that is served, upserted and told of by an event; and one that is only queued. */
function projectOf(upstream: Upstream, token: string): Readonly<Record<string, string>> {
  return {
    'project.yaml': `name: shop\ntargets: { dev: { serve: { tokens: ['${token}'] }, assets: { allow_private: true } } }\n`,
    'sources/provider.yaml': `kind: api\nname: provider\nbase_url: ${upstream.url}\n`,
    'flows/profile.yaml': `kind: flow
name: profile
description: A profile by its handle.
params: { platform: string, handle: string }
limits: [{ key: 'handle_{handle}', requests: 1, per: 1h }]
retrieve: { api: provider, path: '/v1/{handle}' }
output: { id: string, followers: integer, picture: string? }
process:
  - upload: { url: record.picture, entity_type: profile, entity_id: record.id, as: picture }
  - upsert: { table: public.profile, key: [id], create: true }
serve: { path: '/profiles/instagram/byhandle/{handle}', params: { platform: INSTAGRAM } }
`,
  };
}

interface Served {
  readonly address: string;
  readonly ended: ReturnType<typeof startCli>['ended'];
  readonly child: ReturnType<typeof startCli>['child'];
}

async function serve(context: TestContext, cwd: string): Promise<Served> {
  const { child, ended } = startCli(['serve', 'scrape', '--port', '0'], { cwd });
  assert.ok(child.stdout);
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  context.after(() => void child.kill('SIGKILL'));
  await until(() => lines.length > 0 || child.exitCode !== null, 'no address was printed', 60_000);
  assert.ok(lines[0], (await Promise.race([ended, null]))?.stderr);
  return { address: lines[0], child, ended };
}

test('gccflow serve scrape answers with what a task makes, within limits, and ends with what is under way answered', async (context) => {
  await using upstream = await openUpstream({ otherwise: status(404) });
  using folder = projectFolder(projectOf(upstream, 'open-sesame'));
  upstream.on('GET /v1/virat', json({ id: '17', followers: 270, picture: `${upstream.url}/17.webp` }));
  upstream.on('GET /17.webp', image(50_000, { type: 'webp' }));
  upstream.on('GET /v1/slow', late(500, json({ id: '18', followers: 1, picture: null })));
  const { address, child, ended } = await serve(context, folder.dir);
  const get = (path: string): Promise<HttpAnswer> => ask(`${address}${path}`, 'GET', { authorization: 'Bearer open-sesame' });

  const found = await get('/profiles/instagram/byhandle/virat');
  const again = await get('/profiles/instagram/byhandle/virat');
  const stranger = await ask(`${address}/profiles/instagram/byhandle/virat`, 'GET', {});
  const task = await get(`/scrape-requests/${found.body.task}`);
  const slow = get('/profiles/instagram/byhandle/slow');
  await until(() => upstream.arrivalsOf('/v1/slow').length === 1);
  child.kill('SIGTERM');
  const last = await slow;
  const { exitCode, stderr } = await ended;

  assert.match(address, /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.deepEqual(
    [found.status, found.body.records],
    [200, [{ id: '17', followers: 270, picture: 'assets/profiles/instagram/17.jpg' }]],
    found.text,
  );
  assert.deepEqual([again.status, again.body.code], [429, 'LIMIT_REACHED']);
  assert.equal(stranger.status, 401);
  assert.deepEqual([task.body.status, task.body.flow], ['COMPLETE', 'profile']);
  assert.equal(last.status, 200);
  assert.equal(exitCode, 0, stderr);
  assert.match(stderr, /serving 1 of 1 flows, described at http:\/\/127\.0\.0\.1:\d+\/docs; stop with Ctrl-C/);
  assert.match(stderr, /^stopping on SIGTERM: requests under way are answered; a second signal/m);
  assert.doesNotMatch(stderr, /open-sesame/);
  assert.equal(upstream.arrivals.length, 3);
  assert.equal(statSync(join(folder.dir, '.gccflow/assets/assets/profiles/instagram/17.jpg')).size, 50_000);
});

test('a port that is none is refused before anything is opened', async () => {
  using folder = projectFolder({ 'project.yaml': 'name: shop\n' });

  const run = await runCli(['serve', 'scrape', '--port', '70000'], { cwd: folder.dir });

  assert.equal(run.exitCode, 2);
  assert.match(run.stderr, /'--port' takes a number up to 65535, not 70000\./);
});
