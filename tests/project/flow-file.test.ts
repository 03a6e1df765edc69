import assert from 'node:assert/strict';
import { test } from 'node:test';
import { projectDir } from '../support/project-dir.ts';

const api = 'kind: api\nname: graphapi\nbase_url: https://graph.example.com\n';
const flow = (rest: string): string => `kind: flow\nname: refresh_profile\n${rest}`;

async function mistakesOf(rest: string): Promise<readonly string[]> {
  using project = projectDir({ 'sources/graphapi.yaml': api, 'flows/refresh_profile.yaml': flow(rest), 'flows/parse.ts': '' });
  return await project.mistakes();
}

test('a flow is read with its defaults, durations and short forms', async () => {
  using project = projectDir({
    'sources/graphapi.yaml': api,
    'flows/parse.ts': '',
    'flows/profiles/refresh_profile.yaml': flow(`params: { handle: string, limit: integer?, kind: { type: string, default: profile } }
limits: [{ key: 'beat_{handle}', requests: 60, per: 1m }]
retrieve: { api: graphapi, path: '/v18.0/{handle}', query: { limit: '{limit}' } }
parse: ../parse.ts
output: { profile_id: string, followers: integer }
process:
  - upsert: { table: instagram_account, key: profile_id }
  - emit: { routing_key: profile_log, exchange: beat.dx }
`),
  });

  const { manifest } = await project.load();

  const node = manifest.nodes.get('flow.refresh_profile');
  assert.ok(node?.kind === 'flow');
  assert.deepEqual(node.fqn, ['shop', 'flows', 'refresh_profile']);
  assert.deepEqual(node.flow.retrieve?.api, ['graphapi']);
  assert.deepEqual(node.flow.params.limit, { type: 'integer', optional: true, description: '' });
  assert.equal(node.flow.limits[0]?.per, 60_000);
  assert.deepEqual(node.flow.retry, { attempts: 3, backoff: 10_000 });
  assert.deepEqual(node.flow.process[1], { emit: { routing_key: 'profile_log', exchange: 'beat.dx', body: null }, when: null });
});

test('names between braces that are no params are mistakes, wherever they stand', async () => {
  assert.deepEqual(
    await mistakesOf(`params: { handle: string, cursor: string?, size: { type: integer, default: 50 } }
limits: [{ key: 'beat_{handel}', requests: 60, per: 1m }, { key: 'page_{cursor}', requests: 1, per: 1s }]
account: 'a{account_id}'
unique: [handle, platform]
retrieve:
  api: graphapi
  path: '/v18.0/{cursor}/{size}'
  query: { after: '{cursor}', q: '{record.id}' }
  body: { filter: [{ name: '{nam}' }, '{not a name}'] }
`),
    [
      "VALUE_INVALID flows/refresh_profile.yaml:4:17 The flow has no param 'handel'. | Did you mean 'handle'?",
      "VALUE_INVALID flows/refresh_profile.yaml:4:66 The param 'cursor' may be missing, and 'page_{cursor}' needs it. | Give it a default, or take the ? from its type.",
      "VALUE_INVALID flows/refresh_profile.yaml:5:10 The flow has no param 'account_id'. | Its params: handle, cursor, size.",
      "VALUE_INVALID flows/refresh_profile.yaml:6:18 The flow has no param 'platform'. | Its params: handle, cursor, size.",
      "VALUE_INVALID flows/refresh_profile.yaml:9:9 The param 'cursor' may be missing, and '/v18.0/{cursor}/{size}' needs it. | Give it a default, or take the ? from its type.",
      "VALUE_INVALID flows/refresh_profile.yaml:10:34 The flow has no param 'record.id'. | Its params: handle, cursor, size.",
      "VALUE_INVALID flows/refresh_profile.yaml:11:28 The flow has no param 'nam'. | Its params: handle, cursor, size.",
    ],
  );
});

test('an expression that does not parse, or names what is not there, is a mistake', async () => {
  assert.deepEqual(
    await mistakesOf(`params: { platform: string }
retrieve: { api: graphapi, path: /me }
parse: { each: 'data.items[', fields: { id: 'id', followers: '$params.platfrom & x' }, page: { next: paging.after } }
process:
  - emit: { routing_key: a, exchange: b, body: { metrics: { followers: record.folowers }, source: instagram, id: id } }
    when: record.followers > 3 and $exists(page.nxt)
  - enqueue: { flow: refresh_profile, params: { platform: params.platform }, once: true }
    when: page.next )
  - upload: { url: record.picture, entity_type: '{record.kind}{params.x}', entity_id: record.id }
  - http: { api: graphapi, path: '/x/{page.next}/{size}', body: [{ a: record.id }] }
`),
    [
      'VALUE_INVALID flows/refresh_profile.yaml:5:16 The expression \'data.items[\' does not parse: Expected "]" before end of expression (character 11).',
      "VALUE_INVALID flows/refresh_profile.yaml:5:62 The flow has no param 'platfrom'. | Did you mean 'platform'?",
      "VALUE_INVALID flows/refresh_profile.yaml:7:72 The flow has no field 'folowers'. | Did you mean 'followers'?",
      "VALUE_INVALID flows/refresh_profile.yaml:7:99 A step knows record, page and params, and not 'instagram'. | A text that is meant as it is stands in quotes of its own: '\"instagram\"'.",
      "VALUE_INVALID flows/refresh_profile.yaml:7:114 A step knows record, page and params, and not 'id'. | Write record.id.",
      "VALUE_INVALID flows/refresh_profile.yaml:8:11 The flow has no part of the page 'nxt'. | Did you mean 'next'?",
      'VALUE_INVALID flows/refresh_profile.yaml:10:11 The expression \'page.next )\' does not parse: Syntax error: ")" (character 11).',
      "VALUE_INVALID flows/refresh_profile.yaml:11:20 The flow has no field 'picture'. | There are: id, followers.",
      "VALUE_INVALID flows/refresh_profile.yaml:11:49 The flow has no field 'kind'. | Did you mean 'id'?",
      "VALUE_INVALID flows/refresh_profile.yaml:11:49 The flow has no param 'x'. | There are: platform.",
      "VALUE_INVALID flows/refresh_profile.yaml:12:34 A step knows record, page and params, and not 'size'. | A text that is meant as it is stands in quotes of its own: '\"size\"'.",
    ],
  );
});

test('a task for the answer as a whole knows no record', async () => {
  assert.deepEqual(
    await mistakesOf(`params: { id: string }
process: [{ enqueue: { flow: refresh_profile, once: true, params: { id: record.id } }, when: '$exists(page) or params.id = "a"' }]
`),
    ['VALUE_INVALID flows/refresh_profile.yaml:4:73 One task for the whole answer knows page and params, and no record.'],
  );
});

test('a mapping makes what output declares, and defaults have its types', async () => {
  assert.deepEqual(
    await mistakesOf(`params: { limit: { type: integer, default: many } }
retrieve: { api: graphapi, path: /me }
parse: { fields: { id: id, folowers: count } }
output: { id: string, followers: integer, bio: string?, since: { type: timestamp, default: 3 } }
`),
    [
      "VALUE_INVALID flows/refresh_profile.yaml:3:44 The default of 'limit' is string where integer is expected.",
      "VALUE_INVALID flows/refresh_profile.yaml:5:38 'folowers' is none of the fields of output. | Did you mean 'followers'?",
      "VALUE_INVALID flows/refresh_profile.yaml:6:34 The mapping has no 'followers', which output needs. | Add it to fields, or end its type in a ?.",
    ],
  );
});

test('an upsert whose columns, key or types are not known is a mistake', async () => {
  assert.deepEqual(
    await mistakesOf(`params: { platform: string }
retrieve: { api: graphapi, path: /me }
output: { id: string, followers: integer }
process:
  - upsert: { table: account, key: [profile_id, id], newer_by: at }
  - upsert: { table: account, key: id, create: true, columns: { id: record.id, platform: params.platform, n: $count(record) } }
`),
    [
      "VALUE_INVALID flows/refresh_profile.yaml:7:37 'profile_id' is none of the columns. | There are: id, followers.",
      "VALUE_INVALID flows/refresh_profile.yaml:7:64 'at' is none of the columns. | Did you mean 'id'?",
      "VALUE_INVALID flows/refresh_profile.yaml:8:110 The type of the column 'n' is not known, so that the table cannot be created. | Write record.FIELD, or create the table yourself.",
    ],
  );
  const noOutput = (upsert: string) => mistakesOf(`retrieve: { api: graphapi, path: /me }\nprocess: [{ upsert: ${upsert} }]\n`);
  assert.deepEqual(await noOutput('{ table: a, key: id }'), []);
  assert.deepEqual(await noOutput('{ table: a, key: id, create: true }'), [
    'VALUE_INVALID flows/refresh_profile.yaml:4:30 The columns of the table are not known, so that it cannot be created. | Declare the output of the flow, or columns here.',
  ]);
});

test('a path that is served gives every param that a task needs', async () => {
  assert.deepEqual(
    await mistakesOf(`params: { platform: string, handle: string, limit: integer? }
retrieve: { api: graphapi, path: '/{handle}', paths: { other: '/x' } }
serve: { path: '/profiles/{platform}/{handel}', params: { limit: ten } }
`),
    [
      "VALUE_INVALID flows/refresh_profile.yaml:4:63 'other' is none of the APIs of `api`.",
      "VALUE_INVALID flows/refresh_profile.yaml:5:16 The flow has no param 'handel'. | Did you mean 'handle'?",
      "VALUE_INVALID flows/refresh_profile.yaml:5:16 No request could give the param 'handle', which a task needs.",
      "VALUE_INVALID flows/refresh_profile.yaml:5:66 The param 'limit' is string where integer is expected.",
    ],
  );
});

test('a parser and a step that are not there are mistakes, and a parser without an answer is one', async () => {
  assert.deepEqual(await mistakesOf('parse: ./parsr.ts\nprocess: [{ run: ../steps/a.ts }]\n'), [
    'VALUE_INVALID flows/refresh_profile.yaml:3:8 There is nothing to parse without `retrieve`: the record of the flow is its params.',
    "FILE_UNREADABLE flows/refresh_profile.yaml:3:8 The parser './parsr.ts' does not exist. | Did you mean 'parse.ts'?",
    "FILE_UNREADABLE flows/refresh_profile.yaml:4:18 The step '../steps/a.ts' does not exist. | Paths begin at the folder of this file, flows/.",
  ]);
});

test('a step without a key, a type that is none and a field that is no name are told as such', async () => {
  assert.deepEqual(await mistakesOf('process: [{}, { upsrt: {} }]\nparams: { a: strin }\noutput: { a-b: string }\n'), [
    "VALUE_INVALID flows/refresh_profile.yaml:3:11 'process': one of the keys upsert, emit, upload, enqueue, http, run is expected.",
    "KEY_UNKNOWN flows/refresh_profile.yaml:3:17 The key 'upsrt' is not known here. | Did you mean 'upsert'?",
    "VALUE_INVALID flows/refresh_profile.yaml:4:14 'a': one of string, integer, number, boolean, timestamp, object, list, any is expected, with a ? behind it for one that may be missing, or a mapping with details.",
    "VALUE_INVALID flows/refresh_profile.yaml:5:16 'a-b': a name of letters, digits and _ is expected.",
  ]);
});

test('a flow whose file has a mistake is parsed again from a warm cache', async () => {
  using project = projectDir({ 'sources/graphapi.yaml': api, 'flows/a.yaml': flow("process: [{ run: a.ts, when: 'record.' }]\n") });
  const cacheDir = `${project.dir}/.cache`;

  const [first, second] = [await project.mistakes({ cacheDir }), await project.mistakes({ cacheDir })];

  assert.equal(first.length, 2);
  assert.deepEqual(second, first);
});

test('a flow from the cache is the flow of its file', async () => {
  using project = projectDir({
    'sources/graphapi.yaml': api,
    'flows/a.yaml': flow(`params: { id: string?, size: { type: integer, default: 3 } }
retrieve: { api: graphapi, path: '/x', body: [{ a: null, b: '{id}' }] }
parse: { each: items, fields: { id: id } }
output: { id: string }
process: [{ upsert: { table: a, key: id }, when: $exists(record.id) }, { emit: { routing_key: a, exchange: b } }]
`),
  });
  const cacheDir = `${project.dir}/.cache`;

  const [first, second] = [await project.load({ cacheDir }), await project.load({ cacheDir })];

  assert.deepEqual(second.manifest.nodes, first.manifest.nodes);
  assert.deepEqual(second.project.flows, first.project.flows);
});
