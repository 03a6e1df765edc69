import assert from 'node:assert/strict';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { projectFolder, runCli, startCli } from '../support/cli.ts';
import { scratchDatabase } from '../support/scratch-database.ts';
import { until } from '../support/until.ts';
import { hang, json, openUpstream, status } from '../support/upstream.ts';

const flow = `kind: flow
name: profile
workers: 2
concurrency: 2
params: { handle: string }
limits: [{ key: all, requests: 1, per: 200ms }]
retrieve: { api: provider, path: '/v1/{handle}' }
output: { id: string }
retry: { attempts: 1 }
`;

test('the metrics of a worker tell of the calls of all its processes, by API and class of status, and how long they waited', async (context) => {
  await using database = await scratchDatabase(context);
  if (database === null) return;
  await using upstream = await openUpstream({ otherwise: json({ id: '1' }) });
  upstream.on('/v1/gone', status(404));
  upstream.on('/v1/wrong', status(400));
  upstream.on('/v1/deaf', hang);
  using folder = projectFolder({
    'project.yaml': `name: shop\ntargets: { dev: { workers: declared, postgres: { type: postgres, url: '${database.url}' } } }\n`,
    'sources/provider.yaml': `kind: api\nname: provider\nbase_url: ${upstream.url}\ntimeouts: { headers: 300ms }\n`,
    'flows/profile.yaml': flow,
  });
  for (const handle of ['a', 'b', 'c', 'gone', 'wrong', 'deaf']) {
    const queued = await runCli(['enqueue', 'profile', '--params', `handle=${handle}`], { cwd: folder.dir });
    assert.equal(queued.exitCode, 0, queued.stderr);
  }
  const { child, ended } = startCli(['worker', '--metrics-port', '0'], { cwd: folder.dir });
  context.after(() => void child.kill('SIGKILL'));
  const said: string[] = [];
  if (child.stderr) createInterface({ input: child.stderr }).on('line', (line) => said.push(line));
  const address = (): string | undefined => /metrics at (\S+)/.exec(said.join('\n'))?.[1];
  await until(
    () => address() !== undefined,
    () => said.join('\n'),
    60_000,
  );
  let text = '';
  const figure = (name: string): number => Number(new RegExp(`^${RegExp.escape(name)} (\\S+)$`, 'm').exec(text)?.[1] ?? 0);
  const ends = (): number =>
    [...text.matchAll(/^gccflow_task_attempts_total\{.*\} (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0);

  await until(
    async () => {
      text = await (await fetch(address() ?? '')).text();
      return ends() >= 6;
    },
    () => text,
    60_000,
  );
  child.kill('SIGTERM');
  const { exitCode } = await ended;

  assert.equal(exitCode, 0);
  assert.equal(figure('gccflow_api_requests_total{api="provider",status="2xx"}'), 3);
  assert.equal(figure('gccflow_api_requests_total{api="provider",status="4xx"}'), 2);
  assert.ok(figure('gccflow_api_requests_total{api="provider",status="timeout"}') >= 1, text);
  assert.ok(figure('gccflow_api_waits_total{api="provider"}') >= 6, text);
  assert.ok(figure('gccflow_api_wait_seconds_total{api="provider"}') > 0.5, text);
});
