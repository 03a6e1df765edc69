import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { bindQueue, launch, startIngest, until } from '../support/ingest.ts';
import { startLoad } from '../support/ingest-load.ts';
import { openRabbitmq } from '../support/open-rabbitmq.ts';
import { privateRabbit } from '../support/rabbitmq.ts';

test('a broker out of memory, stopped or killed in mid-load: refused quickly, in flat memory, and nothing that was answered is lost', async (context) => {
  await using rabbit = await privateRabbit(context);
  if (!rabbit) return;
  await using broker = await openRabbitmq(rabbit.url);
  await bindQueue(broker, 'events_q', 'event.tx');
  await sleep(10_000); // a queue that is declared just before a kill may be lost whole: a trait of RabbitMQ
  await using ingest = await startIngest(broker, { limits: { confirm: '2s' } });
  const isReady = async (): Promise<boolean> => (await ingest.get('/ready')).status === 200;
  const load = startLoad(ingest, 8);
  context.after(() => load.stop());
  const moreAnswers = async (what: string): Promise<void> => {
    const before = load.promised.size;
    await until(() => load.promised.size > before + 200, what, 60_000);
  };
  await moreAnswers('answers at first');

  await rabbit.ctl('set_vm_memory_high_watermark', 'absolute', '1MB');
  await until(async () => !(await isReady()), 'blocked');
  await sleep(2500); // those that were under way have their answer by now
  const large = Buffer.from(JSON.stringify({ header: { userId: 'x'.repeat(500_000) }, events: [launch('large')] }));
  const tookMs: number[] = [];
  const sendRefused = async (times: number): Promise<void> => {
    for (let tries = 0; tries < times; tries++) {
      const startedAt = performance.now();
      const { status, body } = await ingest.post('/event', large);
      tookMs.push(performance.now() - startedAt);
      assert.deepEqual([status, body.error], [503, 'unavailable']);
    }
  };
  await sendRefused(100); // the garbage of the first ones is the process's from then on
  const memory = process.memoryUsage().rss;
  await sendRefused(1000);
  const grownMb = (process.memoryUsage().rss - memory) / 1e6;
  await rabbit.ctl('set_vm_memory_high_watermark', '0.4');
  await until(isReady, 'unblocked', 30_000);
  await moreAnswers('answers after the alarm');

  await rabbit.stop();
  await until(async () => !(await isReady()), 'stopped');
  await rabbit.start();
  await until(isReady, 'started', 60_000);
  await moreAnswers('answers after the stop');

  await rabbit.kill();
  await until(async () => !(await isReady()), 'killed');
  await rabbit.start();
  await until(isReady, 'started again', 60_000);
  await moreAnswers('answers after the kill');

  await load.stop();
  const stored = new Set<string>();
  const consumer = await broker.consume('events_q', {
    prefetch: 1000,
    onDelivery: (delivery) => {
      for (const { eventId } of JSON.parse(delivery.body.toString()).events) stored.add(eventId);
      consumer.ack([delivery]);
    },
    onLost: () => {},
  });
  await until(() => [...load.promised].every((id) => stored.has(id)), 'every answered event', 30_000);
  await consumer[Symbol.asyncDispose]();
  assert.ok((tookMs.toSorted((a, b) => a - b)[550] as number) < 100, 'the median answer takes less than 100 ms');
  assert.ok(grownMb < 250, `memory grew by ${grownMb} MB while 500 MB were refused`);
  context.diagnostic(`${load.promised.size} answered, memory grew by ${grownMb.toFixed(0)} MB while blocked`);
});
