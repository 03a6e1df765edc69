import assert from 'node:assert/strict';
import { test } from 'node:test';
import { projectFolder, runCli, smallProject, startCli } from '../support/cli.ts';
import { streamProject } from '../support/stream-project.ts';
import { until } from '../support/until.ts';

test('gccflow sink --until-empty stores what waits, and says at the end what became of it', async (context) => {
  await using project = await streamProject(context);
  if (project === null) return;
  await project.drain();
  await project.publish(1234);
  await using publisher = await project.broker.publisher({ window: 10, confirmMs: 10_000 });
  await publisher.publish({ exchange: '', routingKey: 'event_q', messageId: 'poison', body: Buffer.from('no json') });

  const text = await project.drain('event');
  const json = await project.drain('--json');

  assert.deepEqual(text.stdout.split('\n'), [
    'sink   stored  put off  dead-lettered  repeats',
    '─────  ──────  ───────  ─────────────  ───────',
    'event   1,234        0              1        0',
    '',
  ]);
  assert.match(text.stderr, /draining 1 queue of RabbitMQ at 127\.0\.0\.1:5672/);
  assert.match(text.stderr, /delivery put to the dead letters.*code=BODY_SYNTAX/);
  assert.deepEqual(JSON.parse(json.stdout), [{ sink: 'event', stored: 0, retried: 0, dead_lettered: 0, repeats: 0 }]);
  assert.deepEqual(await project.stored(), { rows: 1234, ids: 1234 });
});

test('a signal makes a sink store what it holds and end with 0', async (context) => {
  await using project = await streamProject(context, { sink: { buffer: { capacity: 10_000, max_rows: 1000, max_wait: '1h' } } });
  if (project === null) return;
  await project.drain();
  const { child, ended } = project.sink();
  await project.publish(300);
  await until(async () => (await project.broker.inspect('event_q'))?.ready === 0, 'the sink takes nothing');

  child.kill('SIGTERM');
  const { exitCode, stdout, stderr } = await ended;

  assert.match(stderr, /^stopping on SIGTERM: what is held is stored; a second signal ends all at once$/m);
  assert.equal(exitCode, 0);
  const stored = Number(/^event +(\d+) +0 +0 +0$/m.exec(stdout)?.[1]);
  assert.ok(stored > 0, stdout);
  assert.deepEqual(await project.stored(), { rows: stored, ids: stored });
  // what the broker had sent and the sink had not yet taken waits again
  assert.equal((await project.broker.inspect('event_q'))?.ready, 300 - stored);
});

test('a signal leaves an insert the time of the grace', async (context) => {
  await using project = await streamProject(context, { sink: { buffer: { capacity: 10_000, max_rows: 300, max_wait: '1h' } } });
  if (project === null) return;
  await project.drain();
  for (const seconds of [2.7, 2.8, 2.9]) {
    await project.warehouse.execute(`alter table streams.event add column s${seconds * 10} UInt8 materialized sleep(${seconds})`);
  }
  const { child, ended } = project.sink();
  await project.publish(300);
  const running = `select 1 from system.processes where query ilike 'insert%streams%event%'`;
  await until(async () => (await project.warehouse.query(running)).length > 0, 'nothing is inserted');

  child.kill('SIGTERM');
  const { exitCode, stderr } = await ended;

  assert.equal(exitCode, 0, stderr);
  assert.doesNotMatch(stderr, /destination/);
  assert.deepEqual(await project.stored(), { rows: 300, ids: 300 });
});

test('a broker that is not there ends a sink with its name, and a grace that is none with what to write', async () => {
  using folder = projectFolder({
    'project.yaml': `name: streams\ntargets: { dev: { broker: { type: rabbitmq, url: 'amqp://u:secret-word@127.0.0.1:1' } } }\n`,
    'sinks/event.yaml': 'kind: sink\nname: event\nqueue: { name: q }\nto: { clickhouse: event }\ncolumns: { id: String }\n',
  });

  const unreachable = await runCli(['sink'], { cwd: folder.dir });
  const grace = await runCli(['sink', '--grace', 'soon'], { cwd: folder.dir });

  assert.equal(unreachable.exitCode, 1);
  assert.match(unreachable.stderr, /BROKER_UNREACHABLE/);
  assert.doesNotMatch(unreachable.stderr, /secret-word/);
  assert.equal(grace.exitCode, 2);
  assert.match(grace.stderr, /'--grace' takes a duration, not 'soon'/);
});

test('a transform that exports no function is told with the place of its sink', async () => {
  using folder = projectFolder({
    ...smallProject,
    'sinks/event.yaml':
      'kind: sink\nname: event\nqueue: { name: q }\nto: { clickhouse: event }\ntransform: none.ts\ncolumns: { id: String }\n',
    'sinks/none.ts': 'export const none = 1;\n',
  });

  const { exitCode, stderr } = await runCli(['sink', '--until-empty'], { cwd: folder.dir });

  assert.equal(exitCode, 1);
  assert.match(
    stderr,
    /^error\[FILE_UNREADABLE\]: The transform '.*none\.ts' has no function as its default export\.\n {2}--> sinks\/event\.yaml:2:7\n/m,
  );
});

test('a project without sinks has nothing to drain', async () => {
  using folder = projectFolder(smallProject);

  const { exitCode, stderr } = await startCli(['sink', '--allow-empty'], { cwd: folder.dir }).ended;

  assert.equal(exitCode, 0);
  assert.match(stderr, /No sink is selected/);
});
