import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { Broker } from '../../framework/connections/broker.ts';
import { brokerProject } from '../support/broker-project.ts';
import { startCli } from '../support/cli.ts';
import { scratchPostgres } from '../support/postgres.ts';
import { until } from '../support/until.ts';
import { openUpstream, status } from '../support/upstream.ts';

const sinkOf = (name: string, queue: string, url: string) => ({
  name,
  queue: { name: queue },
  to: { http: { url, timeout: '5s' } },
  columns: { id: 'String' },
  retry: { max: 0 },
});

for (const kind of ['embedded', 'rabbitmq'] as const) {
  test(`${kind}: what an API refused is counted, shown, replayed and stored, and what nobody can store is removed`, async (context) => {
    const queue = `q_${randomUUID().slice(0, 8)}`;
    await using api = await openUpstream();
    await using project = await brokerProject(context, kind, [sinkOf('event', queue, `${api.url}/events`)]);
    if (project === null) return;
    assert.equal((await project.run('queues', 'apply')).exitCode, 0);
    await using publisher = await project.broker.publisher({ window: 10, confirmMs: 10_000 });
    const publish = (id: string, body: string): Promise<void> =>
      publisher.publish({ exchange: '', routingKey: queue, messageId: id, body: Buffer.from(body), headers: { trace: id } });
    await publish('a', '{"id":"1"}');
    await publish('b', '{"id":"2"}');
    await publish('c', 'no JSON');
    api.answer(status(422), status(422));

    const refused = await project.run('sink', '--until-empty');
    const listed = await project.run('dead-letters', 'ls');
    const counted = await project.run('dead-letters', 'ls', '--json');
    const shown = await project.run('dead-letters', 'show', 'event', '--code', 'HTTP 422');
    const json = await project.run('dead-letters', 'show', 'event', '--limit', '1', '--json');

    assert.deepEqual(
      [refused, listed, counted, shown, json].map(({ exitCode }) => exitCode),
      [0, 0, 0, 0, 0],
      refused.stderr,
    );
    assert.match(listed.stdout, new RegExp(`event +${queue}\\.dead +HTTP 422 +2 +\\S+Z +\\S+Z\n`));
    assert.match(listed.stdout, new RegExp(`event +${queue}\\.dead +BODY_SYNTAX +1 `));
    const [summary] = JSON.parse(counted.stdout);
    assert.deepEqual([summary.ready, summary.looked_at, summary.reasons[0].count], [3, 3, 2]);
    assert.match(shown.stdout, /^── 1 of 2: a, 10 bytes\n/);
    assert.match(shown.stdout, /x-error-code: HTTP 422\n[\s\S]*\n\{"id":"1"\}\n── 2 of 2: b/);
    const [letter] = JSON.parse(json.stdout);
    assert.equal(typeof letter.message_id, 'string');
    assert.equal(letter.headers.trace, letter.message_id);

    const none = await project.run('dead-letters', 'replay', 'event', '--code', 'HTTP');
    assert.equal(none.stdout, `0 replayed into ${queue}, 3 stay in ${queue}.dead\n`);
    assert.match(none.stderr, /no dead letter of 'event' fits; `gccflow dead-letters ls --select event` counts them by code/);

    const one = await project.run('dead-letters', 'replay', 'event', '--id', 'b');
    const rest = await project.run('dead-letters', 'replay', 'event', '--code', 'HTTP 422', '--since', '1h', '--json');
    const stored = await project.run('sink', '--until-empty');

    assert.deepEqual([one.exitCode, rest.exitCode, stored.exitCode], [0, 0, 0], stored.stderr);
    assert.equal(one.stdout, `1 replayed into ${queue}, 2 stay in ${queue}.dead\n`);
    assert.deepEqual(JSON.parse(rest.stdout), { sink: 'event', queue: `${queue}.dead`, into: queue, replayed: 1, kept: 1 });
    const calls = api.arrivals.map(({ body, headers }) => `${headers['idempotency-key']} ${body}`).sort();
    assert.deepEqual(calls, ['a {"id":"1"}', 'a {"id":"1"}', 'b {"id":"2"}', 'b {"id":"2"}'], 'each is tried twice, by one key');

    const unsure = await project.run('dead-letters', 'purge', 'event');
    const removed = await project.run('dead-letters', 'purge', 'event', '--yes');
    const empty = await project.run('dead-letters', 'ls');

    assert.equal(unsure.exitCode, 2);
    assert.match(unsure.stderr, /needs --yes/);
    assert.equal(removed.stdout, `1 removed from ${queue}.dead\n`);
    assert.deepEqual([empty.exitCode, empty.stdout], [0, '']);
    assert.match(empty.stderr, /no dead letters/);
  });
}

for (const kind of ['embedded', 'rabbitmq'] as const) {
  test(`${kind}: of replays that are killed nothing is lost, and no more is repeated than waited for its confirm`, async (context) => {
    const queue = `q_${randomUUID().slice(0, 8)}`;
    await using project = await brokerProject(context, kind, [sinkOf('event', queue, 'http://127.0.0.1:9/')]);
    if (project === null) return;
    const { broker, folder } = project;
    assert.equal((await project.run('queues', 'apply')).exitCode, 0);
    const ids = Array.from({ length: 1000 }, (_, index) => `${index}`);
    await using publisher = await broker.publisher({ window: 1000, confirmMs: 30_000 });
    await Promise.all(
      ids.map((messageId) => publisher.publish({ exchange: '', routingKey: `${queue}.dead`, messageId, body: Buffer.from('{}') })),
    );
    const replayed: string[] = [];
    await using consumer = await broker.consume(queue, {
      prefetch: 100,
      onDelivery: (delivery) => {
        replayed.push(delivery.messageId ?? '');
        consumer.ack([delivery]);
      },
      onLost: () => {},
    });

    const kills = 3;
    for (let killed = 0; killed < kills; killed++) {
      const before = replayed.length;
      const { child, ended } = startCli(['dead-letters', 'replay', 'event', '--all'], { cwd: folder.dir });
      await until(() => replayed.length > before + 50, 'nothing is replayed');
      child.kill('SIGKILL');
      assert.equal((await ended).signal, 'SIGKILL');
    }
    await until(
      async () =>
        (await project.run('dead-letters', 'replay', 'event', '--all')).stdout.includes(' 0 stay') && (await isEmpty(broker, queue)),
      'some stay',
    );
    await until(
      () => new Set(replayed).size === ids.length,
      () => `${ids.length - new Set(replayed).size} are lost`,
    );

    assert.ok(replayed.length - ids.length <= kills * 100, `${replayed.length - ids.length} repeats`);
  });
}

async function isEmpty(broker: Broker, queue: string): Promise<boolean> {
  await using browser = await broker.browse(`${queue}.dead`);
  return browser.ready === 0;
}

test('a dead letter whose rows were stored after all is not stored again by its replay', async (context) => {
  await using scratch = await scratchPostgres();
  const { postgres, schema } = scratch;
  await postgres.query(`create table ${schema}.user_account (id text check (id <> 'a'), launches int)`);
  const queue = `q_${randomUUID().slice(0, 8)}`;
  const sink = {
    name: 'user_account',
    queue: { name: queue },
    to: { postgres: `${schema}.user_account` },
    columns: { id: 'text', launches: 'int' },
    deduplicate_by: 'id',
    retry: { max: 0 },
  };
  await using project = await brokerProject(context, 'embedded', [sink]);
  assert.ok(project);
  await project.run('queues', 'apply');
  await using publisher = await project.broker.publisher({ window: 10, confirmMs: 10_000 });
  await publisher.publish({ exchange: '', routingKey: queue, messageId: 'm', body: Buffer.from('{"id":"a","launches":3}') });
  const refused = await project.run('sink', '--until-empty');
  const listed = await project.run('dead-letters', 'ls');
  await postgres.query(`alter table ${schema}.user_account drop constraint user_account_id_check`);
  await postgres.query(`insert into ${schema}.user_account values ('a', 3)`); // as a replay that was cut off would have

  const replayed = await project.run('dead-letters', 'replay', 'user_account', '--all');
  const stored = await project.run('sink', '--until-empty');

  assert.deepEqual([refused.exitCode, replayed.exitCode, stored.exitCode], [0, 0, 0], refused.stderr);
  assert.match(listed.stdout, /user_account +\S+\.dead +23514 +1 /);
  assert.match(stored.stdout, /^user_account +0 +0 +0 +1$/m);
  assert.deepEqual(await postgres.query(`select * from ${schema}.user_account`), [{ id: 'a', launches: 3 }]);
});

test('a sink that is not there is told with the nearest name, and a replay of no one says what to give', async (context) => {
  await using project = await brokerProject(context, 'embedded', [sinkOf('event', 'q', 'http://127.0.0.1:9/')]);
  assert.ok(project);

  const unknown = await project.run('dead-letters', 'show', 'evnt');
  const unclear = await project.run('dead-letters', 'replay', 'event');
  const both = await project.run('dead-letters', 'replay', 'event', '--all', '--code', 'X');
  const time = await project.run('dead-letters', 'purge', 'event', '--since', 'yesterday');

  assert.deepEqual(
    [unknown, unclear, both, time].map(({ exitCode }) => exitCode),
    [2, 2, 2, 2],
  );
  assert.match(unknown.stderr, /Did you mean 'event'\?/);
  assert.match(unclear.stderr, /Give --all, or a filter/);
  assert.match(both.stderr, /contradict/);
  assert.match(time.stderr, /takes a duration/);
});
