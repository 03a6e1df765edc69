import assert from 'node:assert/strict';
import { test } from 'node:test';
import { projectDir } from '../support/project-dir.ts';

const sink = (name: string, rest: string): string => `kind: sink\nname: ${name}\n${rest}`;
const profileSink = sink(
  'profile_log',
  `queue: { name: profile_log_q, exchange: beat.dx, routing_keys: [profile_log] }
to: { clickhouse: _e.profile_log }
columns: { event_id: String }
`,
);
const ingest = `kind: ingest
name: app
grpc: { proto: events.proto, method: app.Events.dispatch, exchange: app.tx }
http: { routes: [{ path: /profile, publish: [{ exchange: beat.dx, routing_key: profile_log }] }] }
`;

test('events have one lineage: ingest, sink, the source it fills, the model that reads it', async () => {
  using project = projectDir({
    'sources/ingest.yaml': ingest,
    'sources/events.proto': '',
    'sources/beat.yaml': 'kind: source\nname: beat\ndatabase: _e\ntables: [{ name: profile_log }, { name: other }]\n',
    'sinks/profile_log.yaml': profileSink,
    'sinks/all.yaml': sink(
      'all',
      `queue: { name: all_q, exchange: app.tx, exchange_type: topic, routing_keys: ['Launch.#'] }\nto: { clickhouse: event }\ncolumns: { id: String }\n`,
    ),
    'models/profile.sql': 'select * from {{source "beat" "profile_log"}}',
  });

  const { manifest } = await project.load();

  assert.deepEqual(manifest.parents.get('model.profile'), ['source.beat.profile_log']);
  assert.deepEqual(manifest.parents.get('source.beat.profile_log'), ['sink.profile_log']);
  assert.deepEqual(manifest.parents.get('source.beat.other'), []);
  assert.deepEqual(manifest.parents.get('sink.profile_log'), ['ingest.app']);
  assert.deepEqual(manifest.parents.get('sink.all'), ['ingest.app']);
  assert.deepEqual((manifest.nodes.get('sink.all') as { table?: unknown }).table, { database: 'dbt', name: 'event' });
});

test('a queue that two sinks drain and an exchange of two types are mistakes with both places', async () => {
  using project = projectDir({
    'sinks/a.yaml': profileSink,
    'sinks/b.yaml': sink(
      'second',
      `queue: { name: profile_log_q, exchange: beat.dx, exchange_type: topic, routing_keys: ['#'] }\nto: { clickhouse: t }\ncolumns: { id: String }\n`,
    ),
    'sources/hooks.yaml': `kind: ingest
name: hooks
http:
  routes:
    - { path: /a, publish: [{ exchange: a.dx, routing_key: a }, { exchange: beat.dx, exchange_type: topic, routing_key: a }] }
`,
  });

  assert.deepEqual(await project.mistakes(), [
    "NAME_DUPLICATE sinks/b.yaml:3:8 The queue 'profile_log_q' is also drained by the sink 'profile_log' of sinks/a.yaml:3:8. | Each would get a part of the deliveries. Give each sink a queue of its own and bind both to the exchange.",
    "CONFIG_CONFLICT sinks/b.yaml:3:8 The exchange 'beat.dx' is topic here and direct in sinks/a.yaml:3:8. | An exchange has one type.",
    "CONFIG_CONFLICT sources/hooks.yaml:5:77 The exchange 'beat.dx' is topic here and direct in sinks/a.yaml:3:8. | An exchange has one type.",
  ]);
});

test('all contradictions of a sink are reported at their places', async () => {
  using project = projectDir({
    'sinks/a.yaml': sink(
      'a',
      `queue: { name: a_q, exchange: beat.dx }
buffer: { capacity: 1500, max_rows: 1000, max_bytes: much }
to: { postgres: referral, key: [nobody] }
columns:
  id: { type: text, from: id, header: x-id }
deduplicate_by: missing
unknown_fields: { keep: id }
`,
    ),
    'sinks/b.yaml': sink(
      'b',
      `queue: { name: b_q, exchange: beat.dx }
buffer: { capacity: 1500, max_rows: 1000 }
to: { postgres: referral, key: [nobody] }
columns: { id: text }
deduplicate_by: missing
unknown_fields: { keep: id }
`,
    ),
    'sinks/c.yaml': sink('c', 'queue: { name: c_q }\nto: { clickhouse: t, key: [id] }\n'),
  });

  assert.deepEqual(await project.mistakes(), [
    "VALUE_INVALID sinks/a.yaml:4:54 'max_bytes': 'much' is no size; write for example 512KB or 8MB.",
    "VALUE_INVALID sinks/a.yaml:7:39 'header': only one of from, header is expected.",
    "VALUE_INVALID sinks/b.yaml:3:31 'exchange': a direct exchange needs routing_keys.",
    "VALUE_INVALID sinks/b.yaml:4:21 'capacity': at least twice max_rows is expected: 2000.",
    "VALUE_INVALID sinks/b.yaml:5:33 'key': 'nobody' is none of the columns.",
    "VALUE_INVALID sinks/b.yaml:7:17 'deduplicate_by': 'missing' is none of the columns.",
    "VALUE_INVALID sinks/b.yaml:8:25 'keep': 'id' already has a value of its own.",
    "VALUE_INVALID sinks/c.yaml:1:1 The key 'columns' is missing.",
    "KEY_UNKNOWN sinks/c.yaml:4:22 The key 'key' is not known here. | Known here: clickhouse, create, engine, http, order_by, partition_by, postgres, ttl.",
  ]);
});

test('a transform, a proto and a certificate that are not there are mistakes of the project', async () => {
  using project = projectDir({
    'sources/ingest.yaml': `kind: ingest
name: app
tls: { cert: app.pem, key: app.key }
grpc: { proto: proto/event.proto, method: app.Events.dispatch, exchange: app.tx }
`,
    'sources/app.pem': '',
    'sources/proto/events.proto': '',
    'sinks/profile_log.yaml': `${profileSink}transform: profile.ts\n`,
  });

  assert.deepEqual(await project.mistakes(), [
    "FILE_UNREADABLE sinks/profile_log.yaml:6:12 The transform 'profile.ts' does not exist. | Paths begin at the folder of this file, sinks/.",
    "FILE_UNREADABLE sources/ingest.yaml:3:6 The PEM file 'app.key' does not exist. | Did you mean 'app.pem'?",
    "FILE_UNREADABLE sources/ingest.yaml:4:16 The proto 'proto/event.proto' does not exist. | Did you mean 'events.proto'?",
  ]);
});

test('a path with a hole and a template that is not closed are mistakes', async () => {
  using project = projectDir({
    'sinks/a.yaml': sink(
      'a',
      "queue: { name: a_q }\nto: { http: { url: 'http://127.0.0.1/{{user}' } }\neach: a..b\ncolumns: { id: { type: String, from: .id } }\n",
    ),
  });

  assert.deepEqual(await project.mistakes(), [
    "VALUE_INVALID sinks/a.yaml:4:20 'url': every {{ needs its }}.",
    "VALUE_INVALID sinks/a.yaml:5:7 'each': field names joined by dots are expected, as in a.b.",
    "VALUE_INVALID sinks/a.yaml:6:38 'from': field names joined by dots are expected, as in a.b.",
  ]);
});
