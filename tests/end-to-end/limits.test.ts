import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectFolder, runCli } from '../support/cli.ts';
import { admittedOf, callOf, centuryMs, embeddedLab, fixed, ownKey, sliding } from '../support/limits.ts';
import { embeddedConfig, embeddedProjectDir } from '../support/postgres.ts';

const hoursMs = 7_200_000;

test('limits are listed with what is used of them, the fullest first', async () => {
  await using lab = await embeddedLab();
  const limiter = await lab.open();
  const own = ownKey('limits');
  const flow = {
    kind: 'flow',
    name: 'refresh',
    params: { platform: 'string', handle: 'string' },
    limits: [
      { key: `${own}_all`, requests: 2000, per: '36500d', window: 'fixed' },
      { key: `${own}_{platform}_{handle}`, requests: 4, per: '2h' },
    ],
  };
  const api = { kind: 'api', name: own, base_url: 'http://127.0.0.1:1', limits: [{ requests: 5, per: '1h' }] };
  const shared = { ...embeddedConfig, path: join(embeddedProjectDir(), embeddedConfig.path) };
  using folder = projectFolder({
    'project.yaml': JSON.stringify({ name: 'limits', targets: { dev: { postgres: shared } } }),
    'flows/refresh.yaml': JSON.stringify(flow),
    'sources/api.yaml': JSON.stringify(api),
  });
  const run = (...args: string[]) => runCli(['limits', ...args], { cwd: folder.dir });
  await admittedOf(limiter, callOf(fixed(`${own}_all`, 2000, centuryMs), sliding(`${own}_instagram_a`, 4, hoursMs)), 4);
  await admittedOf(limiter, callOf(sliding(`${own}_youtube_b`, 4, hoursMs)), 1);
  await limiter.close(`api_${own}`, 600_000);

  const table = await run();
  const listed = await run('--flow', 'refresh', '--json', `${own}_*`);
  const none = await run('nothing*');
  const unknown = await run('--flow', 'refesh');

  assert.equal(table.exitCode, 0, table.stderr);
  const lines = table.stdout.trim().split('\n').slice(2);
  assert.deepEqual(
    lines.map((line) => line.split(/ {2,}/)[0]),
    [`api_${own}`, `${own}_instagram_a`, `${own}_youtube_b`, `${own}_all`],
  );
  assert.match(lines[0] ?? '', /0 +5 +1 h 0 m +(?:9|10) m \d+ s +(?:9|10) m \d+ s +api /);
  assert.match(lines[3] ?? '', /4 +2,000 +876000 h 0 m, fixed +– +– +flow refresh/);
  const rows = JSON.parse(listed.stdout) as { key: string; used: number; requests: number; per_ms: number; wait_ms: number }[];
  assert.deepEqual(
    rows.map(({ key, used, requests, per_ms }) => ({ key, used, requests, per_ms })),
    [
      { key: `${own}_instagram_a`, used: 4, requests: 4, per_ms: hoursMs },
      { key: `${own}_youtube_b`, used: 1, requests: 4, per_ms: hoursMs },
      { key: `${own}_all`, used: 4, requests: 2000, per_ms: centuryMs },
    ],
  );
  assert.ok((rows[0]?.wait_ms ?? 0) > 0);
  assert.match(none.stderr, /No limit has such a key/);
  assert.match(unknown.stderr, /SELECTOR_NO_MATCH[\s\S]*refresh/);
});
