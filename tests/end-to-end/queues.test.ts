import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { brokerProject } from '../support/broker-project.ts';

for (const kind of ['embedded', 'rabbitmq'] as const) {
  const own = (): string => randomUUID().slice(0, 8);
  const sinkOf = (name: string, queue: Readonly<Record<string, unknown>>) => ({
    name,
    queue,
    to: { http: { url: 'http://127.0.0.1:9/' } },
    retry: { max: 2, delay: ['1s', '10s'] },
  });

  test(`${kind}: what is missing is planned, created once, and told how full it is`, async (context) => {
    const id = own();
    const queue = { name: `q_${id}`, exchange: `x_${id}`, routing_keys: ['click'] };
    await using project = await brokerProject(context, kind, [sinkOf('event', queue)]);
    if (project === null) return;

    const planned = await project.run('queues', 'plan');
    const before = await project.run('queues', 'ls');
    const applied = await project.run('queues', 'apply');
    const again = await project.run('queues', 'apply', '--json');
    const plannedAgain = await project.run('queues', 'plan');

    assert.deepEqual([planned.exitCode, applied.exitCode, again.exitCode, plannedAgain.exitCode], [0, 0, 0, 0], applied.stderr);
    assert.match(planned.stdout, new RegExp(`^create {3}exchange  x_${id}\ncreate {3}queue {5}q_${id}\n`));
    assert.match(planned.stdout, new RegExp(`queue {5}q_${id}\\.retry\\.10000ms\n`));
    assert.match(before.stderr, new RegExp(`not there: q_${id}`));
    assert.match(applied.stdout, new RegExp(`created {2}queue {5}q_${id}\\.dead\n`));
    assert.deepEqual(JSON.parse(again.stdout), []);
    assert.doesNotMatch(plannedAgain.stdout, /create|differs/);

    await using publisher = await project.broker.publisher({ window: 10, confirmMs: 10_000 });
    const message = { body: Buffer.from('{}'), messageId: 'm' };
    await publisher.publish({ ...message, exchange: `x_${id}`, routingKey: 'click' });
    await publisher.publish({ ...message, exchange: '', routingKey: `q_${id}.retry.10000ms` });
    await publisher.publish({ ...message, exchange: '', routingKey: `q_${id}.dead` });
    const shown = await project.run('queues', 'ls');
    const [report] = JSON.parse((await project.run('queues', 'ls', '--json')).stdout);

    assert.match(shown.stdout, new RegExp(`q_${id} +event +quorum +1 +[0–] +0 +\\d+\\S* m?s +1 +1\n`));
    const { oldest, oldest_age_ms, unacked, ...known } = report;
    assert.deepEqual(known, {
      sink: 'event',
      queue: `q_${id}`,
      type: 'quorum',
      exists: true,
      ready: 1,
      consumers: 0,
      retries: [
        { queue: `q_${id}.retry.1000ms`, delay_ms: 1000, ready: 0 },
        { queue: `q_${id}.retry.10000ms`, delay_ms: 10_000, ready: 1 },
      ],
      dead_letters: { queue: `q_${id}.dead`, ready: 1 },
    });
    assert.ok(Date.parse(oldest) <= Date.now() && oldest_age_ms >= 0);
  });

  test(`${kind}: a queue that is there with other properties is told with both sides, and left alone`, async (context) => {
    const id = own();
    await using project = await brokerProject(context, kind, [
      sinkOf('event', { name: `q_${id}`, exchange: `x_${id}`, exchange_type: 'topic', routing_keys: ['#'] }),
    ]);
    if (project === null) return;
    await project.broker.declare({ exchanges: [{ name: `x_${id}`, type: 'direct' }], queues: [], bindings: [] });

    const planned = await project.run('queues', 'plan');
    const applied = await project.run('queues', 'apply');
    const [mismatch] = JSON.parse((await project.run('queues', 'plan', '--json')).stdout).filter(
      ({ action }: { action: string }) => action === 'mismatch',
    );

    assert.deepEqual([planned.exitCode, applied.exitCode], [1, 1]);
    assert.match(planned.stdout, new RegExp(`^differs {2}exchange  x_${id}: type is direct, declared is topic\n`));
    assert.match(planned.stderr, /1 differ/);
    assert.match(applied.stderr, /TOPOLOGY_MISMATCH/);
    assert.match(applied.stderr, /direct[\s\S]*topic|topic[\s\S]*direct/);
    assert.deepEqual(mismatch.difference, { property: 'type', declared: 'topic', actual: 'direct' });
    assert.equal(await project.broker.inspect(`q_${id}`), null);
  });
}
