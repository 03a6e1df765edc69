import assert from 'node:assert/strict';
import { test } from 'node:test';
import { projectDir } from '../support/project-dir.ts';

const api = (name: string, rest = ''): string => `kind: api\nname: ${name}\nbase_url: https://${name}.example.com\n${rest}`;
const flow = (name: string, rest: string): string => `kind: flow\nname: ${name}\n${rest}`;
const sink = (name: string, queue: string): string =>
  `kind: sink\nname: ${name}\nqueue: { name: ${name}_q, ${queue} }\nto: { clickhouse: _e.${name} }\ncolumns: { event_id: String }\n`;
const project = {
  'sources/apis/graphapi.yaml': api('graphapi'),
  'sources/apis/rapidapi.yaml': api('rapidapi', 'tags: [paid]\n'),
  'sources/beat.yaml': 'kind: source\nname: beat\ndatabase: _e\ntables: [{ name: profile_log }]\n',
  'models/profile.sql': 'select * from {{source "beat" "profile_log"}}',
  'sinks/profile_log.yaml': sink('profile_log', 'exchange: beat.dx, routing_keys: [profile_log]'),
  'sinks/everything.yaml': sink('everything', "exchange: app.tx, exchange_type: topic, routing_keys: ['#']"),
};
const profileFlow = flow(
  'refresh_profile',
  `tags: [instagram]
params: { handle: string, cursor: string? }
retrieve: { api: [graphapi, rapidapi], path: '/{handle}' }
process:
  - emit: profile_log
  - enqueue: { flow: refresh_profile, params: { handle: record.handle } }
`,
);

test('a flow stands between the APIs it calls and the sinks of the events it emits', async () => {
  using dir = projectDir({ ...project, 'flows/refresh_profile.yaml': profileFlow });

  const { manifest } = await dir.load();

  assert.deepEqual(manifest.parents.get('model.profile'), ['source.beat.profile_log']);
  assert.deepEqual(manifest.parents.get('source.beat.profile_log'), ['sink.profile_log']);
  assert.deepEqual(manifest.parents.get('sink.profile_log'), ['flow.refresh_profile']);
  assert.deepEqual(manifest.parents.get('sink.everything'), []);
  assert.deepEqual(manifest.parents.get('flow.refresh_profile'), ['api.graphapi', 'api.rapidapi']);
  assert.deepEqual(manifest.parents.get('api.graphapi'), []);
});

test('the exchange of an event is that of the sinks which name its routing key', async () => {
  using dir = projectDir({
    ...project,
    'flows/a.yaml': flow('a', 'process: [{ emit: profile_log }, { emit: profile.x }, { emit: { routing_key: q, exchange: own.dx } }]\n'),
  });

  const { manifest } = await dir.load();

  const node = manifest.nodes.get('flow.a');
  assert.ok(node?.kind === 'flow');
  assert.deepEqual(
    node.flow.process.map((step) => 'emit' in step && step.emit.exchange),
    ['beat.dx', 'app.tx', 'own.dx'],
  );
  assert.deepEqual(manifest.parents.get('sink.everything'), ['flow.a']);
});

test('an event that no queue is bound by, or those of several exchanges, is a mistake', async () => {
  using dir = projectDir({
    'sinks/a.yaml': sink('a', 'exchange: beat.dx, routing_keys: [profile_log]'),
    'sinks/b.yaml': sink('b', 'exchange: app.dx, routing_keys: [profile_log]'),
    'sinks/c.yaml': `${sink('c', 'exchange: c.dx, routing_keys: [other]')}enabled: false\n`,
    'flows/a.yaml': flow('a', 'process:\n  - emit: profile_log\n  - emit: profil_log\n  - emit: other\n'),
  });

  assert.deepEqual(await dir.mistakes(), [
    "CONFIG_CONFLICT flows/a.yaml:4:11 Flow 'a' emits 'profile_log', by which queues are bound to several exchanges: app.dx, beat.dx. | Say which one: { routing_key: profile_log, exchange: app.dx }.",
    "REF_NOT_FOUND flows/a.yaml:5:11 Flow 'a' emits 'profil_log', by which no sink's queue is bound. | Did you mean 'profile_log'?",
    "REF_NOT_FOUND flows/a.yaml:6:11 Flow 'a' emits 'other', by which no sink's queue is bound. | Declare a sink that is bound by it, or an exchange: { routing_key: other, exchange: … }.",
  ]);
});

test('APIs and flows that are not there, or disabled, are mistakes with the nearest name', async () => {
  using dir = projectDir({
    'sources/graphapi.yaml': api('graphapi'),
    'sources/off.yaml': api('rapidapi', 'enabled: false\n'),
    'flows/a.yaml': flow(
      'a',
      `params: { id: string, size: { type: integer, default: 3 } }
retrieve: { api: [grapapi, rapidapi], path: /x }
process:
  - http: { api: openai, path: /y }
  - enqueue: { flow: bb, params: {} }
  - enqueue: { flow: c, params: {} }
  - enqueue: { flow: a, params: { size: 5.5, ids: params.id } }
`,
    ),
    'flows/b.yaml': flow('b', ''),
    'flows/c.yaml': flow('c', 'enabled: false\nretrieve: { api: nobody, path: /x }\n'),
  });

  assert.deepEqual(await dir.mistakes(), [
    "REF_NOT_FOUND flows/a.yaml:4:19 Flow 'a' calls the API 'grapapi', which no file defines. | Did you mean 'graphapi'?",
    "REF_NOT_FOUND flows/a.yaml:4:28 Flow 'a' calls the API 'rapidapi', which is disabled. | Enable it, or disable what calls it too.",
    "REF_NOT_FOUND flows/a.yaml:6:18 Flow 'a' calls the API 'openai', which no file defines. | Declare it in a file of sources/ with kind: api and name: openai.",
    "REF_NOT_FOUND flows/a.yaml:7:22 Flow 'a' enqueues tasks of 'bb', which is no flow. | Did you mean 'b'?",
    "REF_NOT_FOUND flows/a.yaml:8:22 Flow 'a' enqueues tasks of 'c', which is no flow. | Did you mean 'a'?",
    "VALUE_INVALID flows/a.yaml:9:35 Flow 'a' gives 'a' a 'size' that is number where integer is expected.",
    "REF_NOT_FOUND flows/a.yaml:9:46 Flow 'a' gives 'a' the param 'ids', which it does not have. | Did you mean 'id'?",
  ]);
});

test('what two flows share fits together: limits of one key, paths, names', async () => {
  const limits = (requests: number): string => `limits: [{ key: beat_daily, requests: ${requests}, per: 1d }]\n`;
  const serve = (name: string): string => `params: { ${name}: string }\nserve: { path: '/profiles/{${name}}' }\n`;
  using dir = projectDir({
    'flows/a.yaml': flow('a', `${limits(20_000)}${serve('handle')}`),
    'flows/b.yaml': flow('b', limits(20_000)),
    'flows/c.yaml': flow('c', `${limits(10_000)}${serve('name')}`),
    'flows/d.yaml': flow('a', ''),
  });

  assert.deepEqual(await dir.mistakes(), [
    "CONFIG_CONFLICT flows/c.yaml:3:10 The limit 'beat_daily' is 10000 in 24 h 0 m (sliding) here and 20000 in 24 h 0 m (sliding) in flows/a.yaml:3:10. | Who names the same key shares its count: give it the same numbers, or another key.",
    "NAME_DUPLICATE flows/c.yaml:5:16 The path '/profiles/{name}' of the flow 'c' is also served by 'a' of flows/a.yaml:5:16. | Give one another path.",
    "NAME_DUPLICATE flows/d.yaml:2:7 The flow 'a' is also defined in flows/a.yaml:2:7. | Names are unique in a project, whatever the folder; rename one.",
  ]);
});
