import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import type { Broker } from '../../framework/connections/broker.ts';
import { projectFolder, startCli } from '../support/cli.ts';
import { bindQueue, gccDir, until } from '../support/ingest.ts';
import { type Load, startLoad } from '../support/ingest-load.ts';
import { openRabbitmq } from '../support/open-rabbitmq.ts';
import { scratchVhost } from '../support/scratch-vhost.ts';

const ingestYaml = `kind: ingest
name: events
grpc: { port: 0, proto: ${gccDir}/sources/proto/events.proto, method: bulbulgrpc.EventService.dispatch, exchange: event.tx, id: eventId }
http: { port: 0 }
`;

interface Served extends AsyncDisposable {
  readonly broker: Broker;
  readonly load: Load;
  readonly child: ReturnType<typeof startCli>['child'];
  readonly ended: ReturnType<typeof startCli>['ended'];
}

/** `gccflow ingest` in a process of its own, under load; a queue takes everything. Null where there is no RabbitMQ. */
async function servedUnderLoad(context: TestContext, senders: number): Promise<Served | null> {
  await using opening = new AsyncDisposableStack();
  const scratch = await scratchVhost(context);
  if (!scratch) return null;
  opening.use(scratch);
  const broker = opening.use(await openRabbitmq(scratch.url));
  await bindQueue(broker, 'events_q', 'event.tx');
  const project = opening.use(
    projectFolder({
      'project.yaml': `name: p\ntargets: { dev: { broker: { type: rabbitmq, url: '${scratch.url}' } } }\n`,
      'sources/ingest.yaml': ingestYaml,
    }),
  );
  const { child, ended } = startCli(['ingest', 'events'], { cwd: project.dir });
  opening.defer(() => void child.kill('SIGKILL'));
  const lines: string[] = [];
  createInterface({ input: child.stdout ?? process.stdin }).on('line', (line) => lines.push(line));
  await Promise.race([until(() => lines.length === 2, 'two addresses'), once(child, 'exit')]);
  const load = startLoad({ grpc: lines[0]?.replace('grpc://', '') ?? '', http: lines[1] ?? '' }, senders);
  opening.defer(() => load.stop());
  const open = opening.move();
  return { broker, load, child, ended, [Symbol.asyncDispose]: () => open.disposeAsync() };
}

/** Ids of the events of a queue, taken out of it until nothing more comes. */
async function drainIds(broker: Broker, queue: string): Promise<Set<string>> {
  const ids = new Set<string>();
  const consumer = await broker.consume(queue, {
    prefetch: 1000,
    onDelivery: (delivery) => {
      for (const { eventId } of JSON.parse(delivery.body.toString()).events) ids.add(eventId);
      consumer.ack([delivery]);
    },
    onLost: () => {},
  });
  let before = -1;
  await until(async () => {
    const state = await broker.inspect(queue);
    const isQuiet = state?.ready === 0 && ids.size === before;
    before = ids.size;
    return isQuiet;
  }, 'the queue is empty');
  await consumer[Symbol.asyncDispose]();
  return ids;
}

test('kill -9 at any moment loses no event that was answered', async (context) => {
  await using served = await servedUnderLoad(context, 16);
  if (!served) return;
  const { broker, load, child, ended } = served;
  const enough = 2000 + Math.floor(Math.random() * 2000);
  await until(() => load.promised.size >= enough, `${enough} answers`, 60_000);

  child.kill('SIGKILL');
  await ended;
  await load.stop();

  const stored = await drainIds(broker, 'events_q');
  assert.deepEqual(
    [...load.promised].filter((id) => !stored.has(id)),
    [],
  );
  assert.ok([...stored].every((id) => load.sent.has(id)));
  context.diagnostic(`${load.promised.size} answered, ${stored.size} stored`);
});

test('SIGTERM ends with 0 and answers what is under way: nothing is lost, and nothing is stored that was not answered', async (context) => {
  await using served = await servedUnderLoad(context, 16);
  if (!served) return;
  const { broker, load, child, ended } = served;
  await until(() => load.promised.size >= 1000, '1000 answers', 60_000);

  child.kill('SIGTERM');
  const { exitCode, signal } = await ended;
  await load.stop();

  const stored = await drainIds(broker, 'events_q');
  assert.deepEqual([exitCode, signal], [0, null]);
  assert.deepEqual(
    [...load.promised].filter((id) => !stored.has(id)),
    [],
  );
  assert.deepEqual(
    [...stored].filter((id) => !load.promised.has(id)),
    [],
  );
});
