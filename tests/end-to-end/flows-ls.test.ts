import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectFolder, runCli } from '../support/cli.ts';

const project = {
  'project.yaml': 'name: shop\ntargets: { dev: {} }\n',
  'sources/graphapi.yaml': `kind: api
name: graphapi
base_url: https://graph.example.com
tags: [meta]
headers: { x-api-key: '{{env "GRAPH_KEY"}}' }
auth: { bearer: '{{env "GRAPH_TOKEN"}}' }
proxy: 'http://user:{{env "PROXY_PASSWORD"}}@proxy.example.com:8080'
`,
  'sources/beat.yaml': 'kind: source\nname: beat\ndatabase: _e\ntables: [{ name: profile_log }]\n',
  'models/one.sql': 'select 1 as a',
  'models/profile.sql': 'select * from {{source "beat" "profile_log"}}',
  'sinks/profile_log.yaml': `kind: sink
name: profile_log
queue: { name: profile_log_q, exchange: beat.dx, routing_keys: [profile_log] }
to: { clickhouse: _e.profile_log }
columns: { event_id: String }
`,
  'flows/instagram/refresh_profile.yaml': `kind: flow
name: refresh_profile
tags: [instagram]
params: { handle: string }
retrieve: { api: graphapi, path: '/{handle}' }
output: { id: string }
process:
  - emit: profile_log
`,
  'flows/idle.yaml': 'kind: flow\nname: idle\n',
};
const env = { GRAPH_KEY: 'hush-key-1', GRAPH_TOKEN: 'hush-token-2', PROXY_PASSWORD: 'hush-password-3' };
const secrets = /hush-(key|token|password)/;

async function ls(dir: string, ...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runCli(['ls', ...args], { cwd: dir, env });
  assert.equal(exitCode, 0, stderr);
  return stdout.trim();
}

test('flows and APIs are selected by name, kind, tag, folder and along the graph', async () => {
  using folder = projectFolder(project);
  const names = (...args: readonly string[]) => ls(folder.dir, '--output', 'name', ...args);

  const [all, byKind, byTag, byFolder, byName, below, above] = await Promise.all([
    names('--resource-type', 'flow'),
    names('-s', 'resource_type:api'),
    names('-s', 'tag:instagram'),
    names('-s', 'flows/instagram'),
    names('-s', 'flow:refresh_*'),
    names('-s', 'api:graphapi+'),
    names('-s', '+profile', '--resource-type', 'flow', 'api'),
  ]);

  assert.deepEqual(all.split('\n').toSorted(), ['idle', 'refresh_profile']);
  assert.equal(byKind, 'graphapi');
  assert.deepEqual([byTag, byFolder, byName], ['refresh_profile', 'refresh_profile', 'refresh_profile']);
  assert.deepEqual(below.split('\n'), ['graphapi', 'refresh_profile', 'profile_log', 'profile_log', 'profile']);
  assert.equal(above, 'graphapi\nrefresh_profile');
});

test('what is printed of a flow and its API holds no secret', async () => {
  using folder = projectFolder(project);

  const [json, dot, ran] = await Promise.all([
    ls(folder.dir, '--json'),
    ls(folder.dir, '--output', 'dot'),
    runCli(['run', '-s', 'one', '--log-level', 'debug', '--json'], { cwd: folder.dir, env }),
  ]);

  const manifest = readFileSync(join(folder.dir, 'target/manifest.json'), 'utf8');
  for (const text of [json, dot, ran.stdout, ran.stderr, manifest]) assert.doesNotMatch(text, secrets);
  const flow = JSON.parse(json).find(({ unique_id }: { unique_id: string }) => unique_id === 'flow.refresh_profile');
  assert.deepEqual([flow.resource_type, flow.tags, flow.depends_on], ['flow', ['instagram'], { nodes: ['api.graphapi'] }]);
  assert.equal(JSON.parse(manifest).exposures['exposure.shop.flow.refresh_profile'].meta.gccflow.kind, 'flow');
  assert.match(dot, /"flow.refresh_profile" -> "sink.profile_log"/);
});

test('a mistake in a flow is shown with its line and the nearest name, and exits 1', async () => {
  using folder = projectFolder({
    ...project,
    'flows/wrong.yaml': "kind: flow\nname: wrong\nparams: { handle: string }\nretrieve: { api: graphap, path: '/{handel}' }\n",
  });

  const { exitCode, stderr } = await runCli(['ls'], { cwd: folder.dir, env });

  assert.equal(exitCode, 1);
  assert.match(
    stderr,
    /VALUE_INVALID\]: The flow has no param 'handel'\.\n {2}--> flows\/wrong\.yaml:4:33\n[\s\S]*hint: Did you mean 'handle'\?/,
  );
  assert.match(stderr, /REF_NOT_FOUND\]: Flow 'wrong' calls the API 'graphap'[\s\S]*hint: Did you mean 'graphapi'\?/);
});

test('the shell completes names of flows and APIs', async () => {
  using folder = projectFolder(project);

  const { stdout } = await runCli(['completion', 'bash', '--', 'ls', '--select', 'refresh'], { cwd: folder.dir, env });
  const types = await runCli(['completion', 'bash', '--', 'ls', '--resource-type', 'fl'], { cwd: folder.dir, env });

  assert.equal(stdout.trim(), 'refresh_profile');
  assert.equal(types.stdout.trim(), 'flow');
});
