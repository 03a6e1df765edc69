import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultProxy } from '../support/fault-proxy.ts';
import type { InsertFault } from '../support/faulty-clickhouse.ts';
import { privateRabbit } from '../support/rabbitmq.ts';
import { scratchVhost } from '../support/scratch-vhost.ts';
import { sinkLab } from '../support/sink-lab.ts';
import { streamProject } from '../support/stream-project.ts';
import { until } from '../support/until.ts';

test('a sink goes on by itself after its broker was stopped, and after it was killed, in mid-load', {
  timeout: 170_000,
}, async (context) => {
  await using rabbit = await privateRabbit(context);
  if (rabbit === null) return;
  await using lab = await sinkLab(context, { url: rabbit.url });
  if (lab === null) return;
  await lab.publish(4000);
  // Stopped first: a quorum queue that was declared seconds before a kill is lost whole, as its name is not on the disk yet.
  const restarts = new Map([
    [4, () => rabbit.stop()],
    [10, () => rabbit.kill()],
  ]);
  lab.clickhouse.fault(async (insert): Promise<InsertFault> => {
    const end = restarts.get(insert);
    if (end) await end().then(() => rabbit.start());
    return 'pass';
  });

  const counts = await lab.run();

  assert.deepEqual(await lab.stored(), { rows: 4000, ids: 4000 });
  assert.equal(await lab.ready('q.dead'), 0);
  assert.equal(counts.deadLettered, 0);
  assert.ok(lab.log.messages('warn').length <= 6, lab.log.messages('warn').join('; '));
});

test('a connection that breaks between any two bytes costs nothing', { timeout: 120_000 }, async (context) => {
  await using vhost = await scratchVhost(context);
  if (vhost === null) return;
  await using proxy = await faultProxy(5672);
  await using lab = await sinkLab(context, { url: vhost.url.replace(':5672', `:${proxy.port}`) });
  if (lab === null) return;
  await lab.publish(4000);
  let cuts = 0;
  proxy.fault(({ direction, bytes }) => {
    const isDue = cuts < 6 && direction === 'answer' && bytes > 20_000 + cuts * 7919;
    if (isDue) cuts++;
    return isDue ? 'cut' : 'pass';
  });

  await lab.run();

  assert.equal(cuts, 6);
  assert.deepEqual(await lab.stored(), { rows: 4000, ids: 4000 });
  assert.deepEqual([await lab.ready(), await lab.ready('q.dead')], [0, 0]);
});

test('two processes drain one queue: each stores a part, none twice, and a stop of one leaves nothing behind', {
  timeout: 120_000,
}, async (context) => {
  await using project = await streamProject(context);
  if (project === null) return;
  await project.drain();
  const [first, second] = [project.sink(), project.sink()];
  await until(async () => (await project.broker.inspect('event_q'))?.consumers === 4, 'not both consume');
  await project.publish(20_000);

  first.child.kill('SIGTERM');
  const stopped = await first.ended;
  await project.publish(5000, 20_000);
  await until(async () => (await project.stored()).rows === 25_000, 'not all is stored', 60_000);
  second.child.kill('SIGTERM');
  const ended = await second.ended;

  assert.deepEqual(await project.stored(), { rows: 25_000, ids: 25_000 });
  assert.deepEqual([stopped.exitCode, ended.exitCode], [0, 0]);
  const parts = [stopped, ended].map(({ stdout }) => Number(/^event +([\d,]+) /m.exec(stdout)?.[1]?.replaceAll(',', '')));
  assert.ok(
    parts.every((part) => part > 0),
    parts.join(' and '),
  );
  assert.equal((parts[0] ?? 0) + (parts[1] ?? 0), 25_000);
});
