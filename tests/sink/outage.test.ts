import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { InsertFault } from '../support/faulty-clickhouse.ts';
import { type SinkLab, sinkLab } from '../support/sink-lab.ts';
import { until } from '../support/until.ts';

const events = 2000;
const whole = { rows: events, ids: events };
const outageLines = ['destination away', 'destination answered again'];

const warnings = ({ log }: SinkLab): readonly string[] => log.messages('warn');

/** Ways in which an insert fails that pass by themselves, each for the first few inserts. */
const passing: Readonly<Record<string, (insert: number) => InsertFault>> = {
  'answers 500 without a word of ClickHouse': (insert) => (insert <= 3 ? { status: 500, text: 'Internal Server Error' } : 'pass'),
  'answers 503 as a balancer does': (insert) => (insert <= 3 ? { status: 503, text: 'Service Unavailable' } : 'pass'),
  'breaks connections before it has heard of an insert': (insert) => (insert <= 3 ? 'cut' : 'pass'),
  'stores inserts and loses the answers': (insert) => (insert <= 3 ? 'lose' : 'pass'),
  'answers 200 and breaks off': (insert) => (insert <= 3 ? 'break off' : 'pass'),
  'hangs and dies': (insert) => (insert <= 2 ? { hang: 500 } : 'pass'),
  'has no space left on its disk': (insert) =>
    insert <= 3
      ? { status: 500, code: 243, text: 'Code: 243. DB::Exception: Cannot reserve 1.00 MiB, not enough space. (NOT_ENOUGH_SPACE)' }
      : 'pass',
  'is read-only for a while': (insert) =>
    insert <= 3 ? { status: 500, code: 242, text: 'Code: 242. DB::Exception: Table is in readonly mode. (TABLE_IS_READ_ONLY)' } : 'pass',
};

describe('a sink loses nothing and stores nothing twice', { concurrency: 4 }, () => {
  for (const [fault, decide] of Object.entries(passing)) {
    test(`while ClickHouse ${fault}, and says so once`, async (context) => {
      await using lab = await sinkLab(context);
      if (lab === null) return;
      await lab.publish(events);
      lab.clickhouse.fault(decide);

      const counts = await lab.run();

      assert.deepEqual(await lab.stored(), whole);
      assert.deepEqual(warnings(lab), outageLines);
      assert.deepEqual([counts.stored, counts.retried, counts.deadLettered], [events, 0, 0]);
    });
  }

  test('while ClickHouse is killed in mid-insert and comes back, and takes no more than the capacity meanwhile', async (context) => {
    await using lab = await sinkLab(context);
    if (lab === null) return;
    await lab.publish(events);
    lab.clickhouse.fault((insert) => {
      if (insert === 3) void lab.clickhouse.kill();
      return 'pass';
    });

    const acked = Promise.withResolvers<() => number>();
    const draining = lab.run({ onStart: (counts) => acked.resolve(() => counts.get(lab.node)?.stored ?? 0) });
    const stored = await acked.promise;
    await until(() => warnings(lab).length > 0, 'the outage is not said');
    await until(async () => (await lab.ready()) === events - 1000 - stored(), 'more or less is taken than the capacity');
    await lab.clickhouse.restart();
    await draining;

    assert.deepEqual(await lab.stored(), whole);
    assert.deepEqual(warnings(lab), outageLines);
  });

  test('while an insert hangs for longer than it may take', async (context) => {
    await using lab = await sinkLab(context);
    if (lab === null) return;
    await lab.publish(events);
    lab.clickhouse.fault((insert) => (insert === 2 ? { hang: 60_000 } : 'pass'));

    await lab.run();

    assert.deepEqual(await lab.stored(), whole);
    assert.deepEqual(warnings(lab), outageLines);
  });

  test('while the table has too many parts', async (context) => {
    await using lab = await sinkLab(context, {
      settings: 'parts_to_throw_insert = 3, parts_to_delay_insert = 3, max_delay_to_insert = 0, non_replicated_deduplication_window = 100',
    });
    if (lab === null) return;
    await lab.warehouse.execute(`system stop merges ${lab.table}`);
    await lab.publish(events);

    const draining = lab.run();
    await until(() => warnings(lab).length > 0, 'nothing is refused');
    await lab.warehouse.execute(`system start merges ${lab.table}`);
    let drained = false;
    void draining.finally(() => (drained = true));
    await until(async () => {
      await lab.warehouse.execute(`optimize table ${lab.table} final`);
      return drained;
    }, 'the parts were merged, and nothing is stored');
    await draining;

    assert.deepEqual(await lab.stored(), whole);
    assert.deepEqual(lab.log.lines.find(({ message }) => message === 'destination away')?.fields.code, 'TOO_MANY_PARTS');
    assert.equal(await lab.ready('q.dead'), 0);
  });

  test('while its table is dropped, until somebody creates it again', async (context) => {
    await using lab = await sinkLab(context);
    if (lab === null) return;
    await lab.publish(events);
    await lab.warehouse.execute(`rename table ${lab.table} to ${lab.table}_away`);
    const { promise: waited, resolve } = Promise.withResolvers<void>();
    lab.clickhouse.fault((insert) => {
      if (insert === 4) resolve();
      return 'pass';
    });
    const stopping = new AbortController();
    const direct = lab.node.sink.to as { create: boolean };
    direct.create = false;

    await assert.rejects(lab.run(), { code: 'SINK_TABLE' });
    await lab.warehouse.execute(`rename table ${lab.table}_away to ${lab.table}`);
    const draining = lab.run({ untilEmpty: false, signal: stopping.signal });
    await until(async () => (await lab.ready()) === 0, 'nothing is drained');
    await lab.warehouse.execute(`rename table ${lab.table} to ${lab.table}_away`);
    await lab.publish(events, (n) => ({ id: `f${n}`, n }));
    await waited;
    const published = await lab.ready('q.dead');
    await lab.warehouse.execute(`rename table ${lab.table}_away to ${lab.table}`);
    await until(async () => (await lab.stored()).rows === 2 * events, 'not all is stored');
    stopping.abort();
    await draining;

    assert.equal(published, 0);
    assert.deepEqual(await lab.stored(), { rows: 2 * events, ids: 2 * events });
    assert.deepEqual(warnings(lab).slice(0, 1), ['destination refused everything']);
  });

  test('while a column is dropped under it, until it is back', async (context) => {
    await using lab = await sinkLab(context);
    if (lab === null) return;
    const stopping = new AbortController();
    const draining = lab.run({ untilEmpty: false, signal: stopping.signal });
    await until(async () => ((await lab.broker.inspect('q'))?.consumers ?? 0) > 0, 'nothing consumes');
    await lab.warehouse.execute(`alter table ${lab.table} drop column n`);
    await lab.publish(events);
    await until(() => warnings(lab).length > 0, 'nothing is refused');
    await lab.warehouse.execute(`alter table ${lab.table} add column n Int32`);
    await until(async () => (await lab.stored()).rows === events, 'not all is stored');
    stopping.abort();
    await draining;

    assert.deepEqual(await lab.stored(), whole);
    assert.deepEqual(warnings(lab), ['destination refused everything', 'destination answered again']);
    assert.equal(await lab.ready('q.dead'), 0);
  });

  test('among 1 % of bodies that are none', async (context) => {
    await using lab = await sinkLab(context);
    if (lab === null) return;
    const poison = ['{"id":', '', 'nul\\u0000', '[]', `${'['.repeat(5000)}`, '"text"', '{"id":7,"n":"x"}'];
    await lab.publish(events);
    await using publisher = await lab.broker.publisher({ window: 100, confirmMs: 10_000 });
    for (let n = 0; n < 20; n++) {
      const body = n < 7 ? Buffer.from(poison[n] ?? '') : Buffer.from([0xff, 0xfe, 0x00, n]);
      await publisher.publish({ exchange: '', routingKey: lab.queue, messageId: `p${n}`, body });
    }

    const counts = await lab.run();

    assert.deepEqual(await lab.stored(), whole);
    assert.equal(await lab.ready('q.dead'), 20);
    assert.deepEqual([counts.stored, counts.deadLettered], [events, 20]);
  });

  test('with one row that only the table refuses: the others are stored, and it is a dead letter after three tries', async (context) => {
    await using lab = await sinkLab(context, {
      settings: 'non_replicated_deduplication_window = 100',
      sink: { buffer: { capacity: 2000, max_rows: 1000, max_wait: '1s' } },
    });
    if (lab === null) return;
    await lab.warehouse.execute(`alter table ${lab.table} add constraint small check n < 1000000`);
    await lab.publish(1000, (n) => (n === 617 ? { id: 'bad', n: 2_000_000 } : undefined));

    const counts = await lab.run();

    assert.deepEqual(await lab.stored(), { rows: 999, ids: 999 });
    await using dead = await lab.broker.browse('q.dead');
    const letter = await dead.next();
    assert.equal(letter?.messageId, 'e617');
    assert.equal(letter?.headers['x-error-code'], 'VIOLATED_CONSTRAINT');
    assert.deepEqual([letter?.headers['x-retry-count'], letter?.headers['x-attempts'], letter?.headers['x-original-queue']], [2, 3, 'q']);
    assert.equal(await dead.next(), null);
    assert.deepEqual([counts.stored, counts.retried, counts.deadLettered], [999, 2, 1]);
  });

  test('and a delivery that is put off comes again as it was: packed, with its time, its exchange and its routing key', async (context) => {
    await using lab = await sinkLab(context, {
      sink: {
        queue: { name: 'q', exchange: 'lab.dx', routing_keys: ['click'] },
        columns: {
          id: 'String',
          n: 'Int32',
          via: { type: 'String', delivery: 'routing_key' },
          at: { type: 'DateTime', delivery: 'published_at' },
        },
      },
    });
    if (lab === null) return;
    const table = `${lab.table} (id String, n Int32, via String, at DateTime) engine = MergeTree order by id`;
    await lab.warehouse.execute(`create or replace table ${table} settings non_replicated_deduplication_window = 100`);
    await lab.warehouse.execute(`alter table ${lab.table} add constraint small check n < 1000000`);
    await using publisher = await lab.broker.publisher({ window: 100, confirmMs: 10_000 });
    const body = gzipSync(JSON.stringify({ id: 'packed', n: 2_000_000 }));
    const publishedAt = new Date('2026-03-01T04:00:00Z');
    await publisher.publish({ exchange: 'lab.dx', routingKey: 'click', messageId: 'p', body, contentEncoding: 'gzip', publishedAt });
    lab.clickhouse.fault(async (insert): Promise<InsertFault> => {
      if (insert === 2) await lab.warehouse.execute(`alter table ${lab.table} drop constraint small`);
      return 'pass';
    });

    const counts = await lab.run();

    const rows = await lab.warehouse.query(`select n, via, toUnixTimestamp(at) as at from ${lab.table}`);
    assert.deepEqual(rows, [{ n: 2_000_000, via: 'click', at: publishedAt.getTime() / 1000 }]);
    assert.deepEqual([counts.stored, counts.retried, counts.deadLettered], [1, 1, 0]);
  });

  test('when the queue of its dead letters was deleted: it is declared again, and nothing is acked before', async (context) => {
    await using lab = await sinkLab(context);
    if (lab === null) return;
    const stopping = new AbortController();
    const draining = lab.run({ untilEmpty: false, signal: stopping.signal });
    await until(async () => ((await lab.broker.inspect('q'))?.consumers ?? 0) > 0, 'nothing consumes');
    await using publisher = await lab.broker.publisher({ window: 100, confirmMs: 10_000 });
    await lab.deleteQueue('q.dead');
    await publisher.publish({ exchange: '', routingKey: 'q', messageId: 'p', body: Buffer.from('no json') });
    await until(async () => (await lab.broker.inspect('q.dead'))?.ready === 1, 'the dead letter did not arrive');
    stopping.abort();
    await draining;

    assert.equal(await lab.ready(), 0);
    assert.ok(warnings(lab).includes('failed deliveries held'));
  });

  test('while its consumers are cut off again and again, each time with an insert under way', async (context) => {
    await using lab = await sinkLab(context);
    if (lab === null) return;
    await lab.publish(events);
    let cuts = 0;
    lab.clickhouse.fault(async (insert): Promise<InsertFault> => {
      if (insert % 2 === 0 && cuts++ < 3) await lab.cutConnections();
      return 'pass';
    });

    const counts = await lab.run();

    assert.deepEqual(await lab.stored(), whole);
    assert.deepEqual([await lab.ready(), await lab.ready('q.dead')], [0, 0]);
    assert.ok(counts.repeats >= 250, String(counts.repeats));
  });
});
