import assert from 'node:assert/strict';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { projectFolder, runCli, startCli } from '../support/cli.ts';
import { dispatchMethod, gccDir, launch, send, takeAll, until } from '../support/ingest.ts';
import { openRabbitmq } from '../support/open-rabbitmq.ts';
import { scratchVhost } from '../support/scratch-vhost.ts';

const ingestYaml = (more = ''): string =>
  `kind: ingest\nname: events\n${more}grpc: { port: 0, proto: proto/events.proto, method: bulbulgrpc.EventService.dispatch, exchange: event.tx, id: eventId }\nhttp: { port: 0 }\n`;
const sinkYaml =
  'kind: sink\nname: launches\nqueue: { name: launches_q, exchange: event.tx, exchange_type: topic, routing_keys: [LaunchEvent] }\nto: { clickhouse: launches }\ncolumns: { event_id: String }\n';
const project = (url: string): string => `name: p\ntargets: { dev: { broker: { type: rabbitmq, url: '${url}' } } }\n`;

test('gccflow ingest prints its addresses, and what it takes waits for sinks that have not run yet', async (context) => {
  await using scratch = await scratchVhost(context);
  if (!scratch) return;
  using folder = projectFolder({
    'project.yaml': project(scratch.url),
    'sources/ingest.yaml': ingestYaml().replace('proto/', `${gccDir}/sources/proto/`),
    'sinks/launches.yaml': sinkYaml,
  });
  const { child, ended } = startCli(['ingest', 'events'], { cwd: folder.dir });
  assert.ok(child.stdout);
  const addresses: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => addresses.push(line));
  context.after(() => void child.kill('SIGKILL'));
  await until(() => addresses.length === 2 || child.exitCode !== null, 'two addresses');
  const [grpc, http] = addresses;

  const taken = await send(`${http}/event`, { method: 'POST' }, { events: [launch('a')] });
  const unwanted = await send(`${http}/event`, { method: 'POST' }, { events: [{ eventId: 'b', timestamp: '1', logoutEvent: {} }] });
  child.kill('SIGINT');
  const { exitCode, stderr } = await ended;

  await using broker = await openRabbitmq(scratch.url);
  assert.match(grpc ?? '', /^grpc:\/\/127\.0\.0\.1:\d+$/);
  assert.match(http ?? '', /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.deepEqual([taken.status, unwanted.status], [202, 422]);
  assert.equal(exitCode, 0);
  assert.match(stderr, /taking events for RabbitMQ at 127\.0\.0\.1:5672/);
  assert.match(stderr, /^stopping on SIGINT: requests under way are answered; a second signal/m);
  assert.equal((await takeAll(broker, 'launches_q')).length, 1);
  assert.equal(dispatchMethod.service, 'bulbulgrpc.EventService');
});

test('what an ingest lacks is said with its place, before anything listens', async (context) => {
  await using scratch = await scratchVhost(context);
  if (!scratch) return;
  using folder = projectFolder({
    'project.yaml': project(scratch.url),
    'sources/ingest.yaml': ingestYaml(),
    'sinks/launches.yaml': sinkYaml,
    'sources/proto/events.proto': '',
  });
  const run = async (...args: string[]) => runCli(['ingest', ...args], { cwd: folder.dir });

  const emptyProto = await run();
  const noSuch = await run('evnts');
  const noIngest = await run('launches');
  folder.write({ 'sources/proto/events.proto': 'syntax = "proto2" message' });
  const badProto = await run();

  assert.equal(emptyProto.exitCode, 1);
  assert.match(emptyProto.stderr, /^error\[INGEST_PROTO\]: [\s\S]*--> sources\/ingest\.yaml:2:/m);
  assert.equal(noSuch.exitCode, 2);
  assert.match(noSuch.stderr, /SELECTOR_NO_MATCH[\s\S]*events/);
  assert.equal(noIngest.exitCode, 2);
  assert.match(badProto.stderr, /^error\[INGEST_PROTO\]/m);
});

test('mistakes of an ingest file are found when the project is read', async () => {
  using folder = projectFolder({
    'project.yaml': 'name: p\ntargets: { dev: {} }\n',
    'sources/a.yaml': 'kind: ingest\nname: a\n',
    'sources/b.yaml':
      'kind: ingest\nname: b\nhttp:\n  routes:\n    - { path: /ready, publish: [{ exchange: x, routing_key: y }] }\n    - { path: /x, publish: [{ exchange: x, routing_key: y }] }\n    - { path: /x, publish: [{ exchange: x, routing_key: y }], id_from: cookie }\n',
  });

  const { exitCode, stderr } = await runCli(['ls'], { cwd: folder.dir });

  assert.equal(exitCode, 1);
  assert.match(stderr, /grpc, http or both are expected[\s\S]*--> sources\/a\.yaml/);
  assert.match(stderr, /header:NAME or body:PATH is expected[\s\S]*--> sources\/b\.yaml:7/);
});
