import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultProxy } from '../support/fault-proxy.ts';
import { scratchVhost } from '../support/scratch-vhost.ts';
import { sinkLab } from '../support/sink-lab.ts';
import { until } from '../support/until.ts';

const events = 6000;

test('a sink whose connections to its broker are half-open connects anew, loses nothing and stores nothing twice', {
  timeout: 120_000,
}, async (context) => {
  await using vhost = await scratchVhost(context);
  if (vhost === null) return;
  await using proxy = await faultProxy(5672);
  await using lab = await sinkLab(context, { url: `${vhost.url.replace(':5672', `:${proxy.port}`)}?heartbeat=1` });
  if (lab === null) return;
  await lab.publish(events);
  const holes = new Set([3, 10]);
  lab.clickhouse.fault((insert) => {
    const endMs = performance.now() + 1500; // a heartbeat is due on every connection until then, and no loss is noticed earlier
    if (holes.delete(insert)) proxy.fault(() => (performance.now() < endMs ? 'hole' : 'pass'));
    return 'pass';
  });
  const stopping = new AbortController();

  const running = lab.run({ untilEmpty: false, signal: stopping.signal });
  const isStored = async (): Promise<boolean> => (await lab.stored()).rows >= events;
  await until(isStored, () => lab.log.messages().join('; '), 60_000);
  stopping.abort();
  const counts = await running;

  assert.equal(holes.size, 0);
  assert.deepEqual(await lab.stored(), { rows: events, ids: events });
  assert.deepEqual([await lab.ready(), await lab.ready('q.dead')], [0, 0]);
  assert.deepEqual([counts.stored, counts.deadLettered], [events, 0]);
});
