import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Delivery } from '../../framework/connections/broker.ts';
import { InvalidProject } from '../../framework/foundation/diagnostics.ts';
import { GccflowError } from '../../framework/foundation/error.ts';
import type { Log } from '../../framework/foundation/log.ts';
import { type Entry, type Fields, fieldsOf } from '../../framework/sink/entry.ts';
import { openRowMaker, type RowMaker } from '../../framework/sink/row-maker.ts';
import { RowMistake } from '../../framework/sink/row-mistake.ts';
import { deliveryOf, sinkNode } from '../support/sink-node.ts';
import { silentLog } from '../support/warehouse.ts';

const now = new Date('2026-03-04T05:06:07.891Z');
const clock = { now: () => now };

interface MakerOptions {
  readonly folder?: string;
  readonly log?: Log;
}

async function maker(sink: Readonly<Record<string, unknown>>, { folder = '/', log = silentLog }: MakerOptions = {}): Promise<RowMaker> {
  const { sink: file } = await sinkNode({ name: 'p', to: { clickhouse: 't' }, ...sink });
  return openRowMaker(file, { folder, clock, log });
}

function make(rows: RowMaker, body: unknown, details: Partial<Delivery> = {}): Entry & { readonly rows: readonly Fields[] } {
  const entry = rows.make(deliveryOf(typeof body === 'string' ? body : JSON.stringify(body), details));
  return { ...entry, rows: entry.rows.map(fieldsOf) };
}

function mistakeOf(work: () => unknown): string {
  try {
    work();
  } catch (thrown) {
    assert.ok(thrown instanceof RowMistake, String(thrown));
    return `${thrown.code}: ${thrown.message}`;
  }
  assert.fail('the delivery became rows');
}

/** A log that keeps its warnings. */
function warnings(): { readonly log: Log; readonly lines: unknown[] } {
  const lines: unknown[] = [];
  const log: Log = { ...silentLog, warn: (fields, message) => lines.push([message, fields]), child: () => log };
  return { log, lines };
}

/** A maker whose transform is this module. */
async function transforming(code: string, sink: Readonly<Record<string, unknown>> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'gccflow-transform-'));
  const cleanup = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
  await writeFile(join(folder, 'transform.ts'), code);
  return { ...cleanup, open: () => maker({ transform: './transform.ts', columns: { id: 'Int64' }, ...sink }, { folder }) };
}

test('a row takes its values from the body, the headers and the delivery', async () => {
  const rows = await maker({
    deduplicate_by: 'id',
    columns: {
      id: { type: 'UInt64', from: 'ids.0' },
      user: { type: 'String', from: '$.header.userId' },
      topic: { type: 'LowCardinality(String)', header: 'x-topic', default: 'none' },
      key: { type: 'String', delivery: 'routing_key' },
      exchange: { type: 'String', delivery: 'exchange' },
      message: { type: 'Nullable(String)', delivery: 'message_id' },
      published: { type: 'DateTime', delivery: 'published_at' },
      received: { type: 'String', delivery: 'received_at' },
      made: { type: 'DateTime64(3)', value: 'now' },
      version: { type: 'UInt8', value: 3 },
      body: { type: 'String', delivery: 'body' },
    },
  });
  const body = '{"ids":[18446744073709551615],"header":{"userId":"u1"}}';
  const details = { exchange: 'e.dx', routingKey: 'k', headers: { 'x-topic': 'orders' }, publishedAt: new Date('2026-01-01T00:00:00Z') };

  const { rows: made, ids, bytes } = make(rows, body, details);

  assert.deepEqual(made, [
    {
      id: '18446744073709551615',
      user: 'u1',
      topic: 'orders',
      key: 'k',
      exchange: 'e.dx',
      message: null,
      published: 1767225600,
      received: '2026-03-04T05:06:07.891Z',
      made: '2026-03-04T05:06:07.891Z',
      version: 3,
      body,
    },
  ]);
  assert.deepEqual(ids, ['18446744073709551615']);
  assert.equal(bytes, body.length);
  assert.deepEqual(make(rows, body, { publishedAt: now }).rows[0]?.topic, 'none');
});

test('each element of a list is a row, and `$.` still means the body', async () => {
  const rows = await maker({
    each: 'data.events',
    deduplicate_by: 'id',
    columns: { id: 'String', user: { type: 'String', from: '$.user' } },
  });

  const { rows: made, ids } = make(rows, { user: 'u', data: { events: [{ id: 'a' }, { id: 'b' }] } });
  const empty = make(rows, { data: { events: [] } });
  const whole = await maker({ each: '$', columns: { id: 'String' } });

  assert.deepEqual(made, [
    { id: 'a', user: 'u' },
    { id: 'b', user: 'u' },
  ]);
  assert.deepEqual(ids, ['a', 'b']);
  assert.deepEqual(empty.rows, []);
  assert.deepEqual(make(whole, [{ id: 'a' }]).rows, [{ id: 'a' }]);
});

test('a list that is missing, is none or holds scalars is a mistake of its field', async () => {
  const rows = await maker({ each: 'events', columns: { id: 'String' } });
  const plain = await maker({ columns: { id: 'String' } });

  assert.equal(
    mistakeOf(() => make(rows, {})),
    "FIELD_MISSING: The list 'events' is missing or null.",
  );
  assert.equal(
    mistakeOf(() => make(rows, { events: { id: 'a' } })),
    "FIELD_TYPE: The field 'events' is no list.",
  );
  assert.match(
    mistakeOf(() => make(rows, { events: [{ id: 'a' }, 7] })),
    /^FIELD_TYPE: Element 1 of the list/,
  );
  for (const body of ['7', '"text"', 'null', 'true', '[{"id":"a"}]']) {
    assert.match(
      mistakeOf(() => make(plain, body)),
      /^FIELD_TYPE: The body is no object/,
    );
  }
});

test('a missing or null value is its default, null where the column takes it, and a mistake elsewhere', async () => {
  const rows = await maker({
    deduplicate_by: 'key',
    columns: {
      key: 'Nullable(String)',
      n: { type: 'Int32', default: 7 },
      maybe: 'Nullable(Int32)',
      must: { type: 'Int32', from: 'a.must' },
    },
  });

  assert.deepEqual(make(rows, { key: 'k', n: null, a: { must: 1 } }).rows, [{ key: 'k', n: 7, maybe: null, must: 1 }]);
  assert.equal(
    mistakeOf(() => make(rows, { key: 'k', a: { must: null } })),
    "FIELD_MISSING: The field 'a.must' is missing or null, and the column 'must' is Int32.",
  );
  assert.match(
    mistakeOf(() => make(rows, { a: { must: 1 } })),
    /^FIELD_MISSING: The field 'key'/,
    'an identity is never null',
  );
});

test('a small body that would be a flood of rows is refused', async () => {
  const rows = await maker({ each: '$', columns: { id: 'Nullable(String)' } });
  const body = (count: number): string => `[${Array.from({ length: count }, () => '{}').join(',')}]`;

  assert.equal(make(rows, body(10_000)).rows.length, 10_000);
  assert.match(
    mistakeOf(() => make(rows, body(10_001))),
    /^BODY_TOO_LARGE: The body makes 10001 rows/,
  );
});

test('what an object only inherits is none of its fields', async () => {
  const rows = await maker({
    columns: { a: { type: 'Nullable(String)', from: 'constructor.name' }, b: { type: 'Nullable(UInt8)', from: 'list.length' } },
  });

  assert.deepEqual(make(rows, { list: [1] }).rows, [{ a: null, b: null }]);
  assert.deepEqual(make(rows, { constructor: { name: 'mine' } }).rows, [{ a: 'mine', b: null }]);
});

test('`as` decides how a value is read', async () => {
  const rows = await maker({
    columns: {
      json: { type: 'String', as: 'json' },
      text: { type: 'String', as: 'text' },
      s: { type: 'DateTime64(6)', as: 'epoch_s' },
      ms: { type: 'DateTime', as: 'epoch_ms' },
    },
  });
  const body = '{"json":{"id":12345678901234567890,"b":[1,null]},"text":12345678901234567890,"s":1700000000.123456,"ms":"1700000000999"}';

  assert.deepEqual(make(rows, body).rows, [
    {
      json: '{"id":12345678901234567890,"b":[1,null]}',
      text: '12345678901234567890',
      s: '2023-11-14T22:13:20.123456Z',
      ms: 1700000000,
    },
  ]);
  const mistake = mistakeOf(() => make(rows, { json: 1, text: true, s: 1_700_000_000_000, ms: 1 }));
  assert.equal(mistake, "FIELD_TYPE: The field 's' holds a number that the column 's' does not take as epoch_s: DateTime64(6).");
});

test('a mistake names the field and the kind of its value, never the value', async () => {
  const rows = await maker({ columns: { n: { type: 'UInt8', from: 'deep.n' } } });

  for (const value of ['hunter2', 424242, { hunter2: 424242 }, ['hunter2'], -1.5]) {
    const mistake = mistakeOf(() => make(rows, { deep: { n: value } }));

    assert.match(
      mistake,
      /^FIELD_TYPE: The field 'deep\.n' holds (a text|a number|an object|a list) that the column 'n' does not take: UInt8\.$/,
    );
    assert.doesNotMatch(mistake, /hunter2|424242/);
  }
});

test('what no column reads is kept as one JSON object, to the digit', async () => {
  const rows = await maker({
    columns: { id: 'String', user: { type: 'String', from: 'header.user' }, all: { type: 'String', from: 'whole', as: 'json' } },
    unknown_fields: { keep: 'rest' },
  });
  const body =
    '{"id":"a","header":{"user":"u","os":"x"},"whole":{"n":1},"more":{"id":12345678901234567890},"__proto__":{"a":1},"none":null}';

  const [row] = make(rows, body).rows;

  assert.equal(row?.rest, '{"header":{"os":"x"},"more":{"id":12345678901234567890},"__proto__":{"a":1},"none":null}');
  assert.equal(make(rows, { id: 'a', header: { user: 'u' }, whole: 1 }).rows[0]?.rest, '{}');
  assert.match(
    mistakeOf(() => make(rows, { id: 'a', header: 'text', whole: 1 })),
    /^FIELD_MISSING: The field 'header\.user'/,
  );
});

test('a row without columns, for an API, is the object itself', async () => {
  const { sink } = await sinkNode({ name: 'api', to: { http: { url: 'http://127.0.0.1/' } } });
  const rows = await openRowMaker(sink, { folder: '/', clock, log: silentLog });

  const { rows: made } = make(rows, '{"id":12345678901234567890,"a":{"b":[1]}}');

  assert.equal(JSON.stringify(made[0]), '{"id":12345678901234567890,"a":{"b":[1]}}');
});

test('fields that nothing reads are reported once each, and a flood of names is cut off', async () => {
  const { log, lines } = warnings();
  const rows = await maker({ columns: { id: 'String', user: { type: 'String', from: 'header.user' } } }, { log });

  for (let n = 0; n < 3; n++) make(rows, { id: 'a', header: { user: 'u', os: n }, more: n });
  const first = [...lines];
  for (let n = 0; n < 1000; n++) make(rows, { id: 'a', header: { user: 'u' }, [`id-${n}`]: n });

  assert.deepEqual(first, [
    ['unknown field dropped', { field: 'header.os' }],
    ['unknown field dropped', { field: 'more' }],
  ]);
  assert.ok(lines.length <= 201, `${lines.length} lines`);
  assert.ok(lines.some((line) => JSON.stringify(line).includes('more fields drifted than are reported')));
});

test('values that do not fit are reported once for each column', async () => {
  const { log, lines } = warnings();
  const rows = await maker({ columns: { n: 'Int8', m: { type: 'Int8', from: 'a.m' } } }, { log });

  for (const body of [{ n: 'x' }, { n: 1000 }, {}, { n: 1 }, { n: 1 }]) mistakeOf(() => make(rows, body));

  assert.deepEqual(lines, [
    ['field does not fit its column', { field: "field 'n'", column: 'n', expected: 'Int8' }],
    ['field does not fit its column', { field: "field 'a.m'", column: 'm', expected: 'Int8' }],
  ]);
});

test('a default, value or unit that is none of its type is found before anything is consumed', async () => {
  for (const column of [
    { type: 'Int8', default: 300 },
    { type: 'DateTime', value: 'yesterday' },
    { type: 'Bool', default: 'maybe' },
    { type: 'UInt64', as: 'epoch_ms' },
  ]) {
    await assert.rejects(maker({ columns: { a: column } }), (error) => error instanceof GccflowError && error.code === 'VALUE_INVALID');
  }
});

test('a transform makes one, many or no rows of any body', async () => {
  await using module = await transforming(`
    export default (body: any, delivery: { routingKey: string }) =>
      Array.isArray(body) ? body.map((id) => ({ id, key: delivery.routingKey })) : body === null ? null : { id: body.id * 2n };
  `);
  const rows = await module.open();

  assert.deepEqual(make(rows, [1, 2]).rows, [{ id: 1 }, { id: 2 }]);
  assert.deepEqual(make(rows, '{"id":1234567890123456789}').rows, [{ id: '2469135780246913578' }]);
  assert.deepEqual(make(rows, 'null').rows, []);
  assert.deepEqual(make(rows, '[]').rows, []);
});

test('a transform that throws is told by class and place, what it gives back otherwise by its kind alone', async () => {
  await using module = await transforming(`
    export default (body: any) => {
      if (body.secret) throw new RangeError('hunter2');
      if (body.text) throw 'hunter2';
      return body.answer === 'promise' ? Promise.resolve({ id: 1 }) : body.answer;
    };
  `);
  const rows = await module.open();

  assert.match(
    mistakeOf(() => make(rows, { secret: true })),
    /^TRANSFORM_FAILED: The transform threw RangeError at transform\.ts:3:\d+\.$/,
  );
  assert.equal(
    mistakeOf(() => make(rows, { text: true })),
    'TRANSFORM_FAILED: The transform threw a string.',
  );
  for (const answer of ['promise', 7, 'text', [1], [[]]]) {
    assert.match(
      mistakeOf(() => make(rows, { answer })),
      /^TRANSFORM_FAILED: The transform gave back something other than/,
    );
  }
});

test('an object of a transform that cannot be read fails its delivery and nothing else', async () => {
  await using module = await transforming(
    `export default (body: any) => {
      const circle: any = { id: 1 };
      circle.self = circle;
      return body.circle ? circle : { get id() { throw new Error('hunter2'); } };
    };`,
    { columns: { id: 'Int64', self: 'Nullable(Unheard)' } },
  );
  const rows = await module.open();

  for (const body of [{ circle: true }, {}]) {
    const mistake = mistakeOf(() => make(rows, body));

    assert.match(mistake, /^TRANSFORM_FAILED: What the transform gave back cannot be read: (Range)?Error/);
    assert.doesNotMatch(mistake, /hunter2/);
  }
});

test('whatever a body and its headers hold, it becomes rows or a mistake', async () => {
  const plain = [
    'String',
    'Int64',
    'UInt256',
    'Float32',
    'Decimal(20, 5)',
    'Bool',
    'Date',
    'DateTime64(9)',
    'UUID',
    'IPv6',
    'JSON',
    'Dynamic',
  ];
  const nested = ['Array(Nullable(Int8))', 'Map(String, DateTime)', 'Tuple(a Int8, b Array(String))', "Enum8('a' = 1)", 'FixedString(3)'];
  const read = ['json', 'text', 'epoch_s', 'epoch_ms'].map((as) => ({ type: 'Nullable(String)', from: '$.v', as }));
  const typed = [...plain, ...nested].map((type) => ({ type, from: 'v' }));
  const columns = [...typed, ...read, { type: 'String', from: 'a.v.x', default: '' }, { type: 'String', header: 'h' }];
  const makers = await Promise.all(columns.map((c) => maker({ columns: { c }, unknown_fields: { keep: 'rest' } })));
  const keys = fc.constantFrom('v', 'a', 'x', '__proto__', 'constructor', 'toString', '');
  const values = fc.oneof(fc.jsonValue(), fc.bigInt().map(String), fc.date().map(String), fc.constant('2024-01-01T00:00:00Z'));
  const bodies = fc
    .oneof(fc.dictionary(keys, values), fc.record({ v: values, a: fc.dictionary(keys, values) }))
    .map((body) => JSON.stringify(body));

  let made = 0;
  const become = (rows: RowMaker, body: string, h: unknown): void => {
    try {
      const [row] = make(rows, body, { headers: { h } }).rows;
      assert.equal(typeof JSON.stringify(row), 'string');
      made++;
    } catch (error) {
      assert.ok(error instanceof RowMistake, String(error));
    }
  };
  const bodyOrNone = fc.oneof({ weight: 8, arbitrary: bodies }, fc.json(), fc.string());
  fc.assert(fc.property(fc.constantFrom(...makers), bodyOrNone, fc.anything(), become), { numRuns: 5000 });

  assert.ok(made > 500, `${made} made`);
});

test('a transform beside `each` is a mistake of the file', async () => {
  const both = sinkNode({ name: 'p', to: { clickhouse: 't' }, columns: { id: 'String' }, each: 'events', transform: './t.ts' });

  await assert.rejects(
    both,
    (error) => error instanceof InvalidProject && error.errors.some(({ message }) => /a transform makes the rows itself/.test(message)),
  );
});

test('a transform that is missing, broken or exports nothing is found before anything is consumed', async () => {
  for (const code of ['export const a = 1;', 'export default 7;', 'throw new Error();', 'not typescript at all (']) {
    await using module = await transforming(code);

    await assert.rejects(module.open(), (error) => error instanceof GccflowError && error.code === 'FILE_UNREADABLE');
  }
  await using broken = await transforming('const a = 1;\nexport default (');
  await assert.rejects(broken.open(), { code: 'FILE_UNREADABLE', message: /cannot be loaded: .* \(line 2\)\.$/ });
  const missing = maker({ transform: './none.ts', columns: { id: 'Int64' } }, { folder: '/nowhere' });
  await assert.rejects(missing, { code: 'FILE_UNREADABLE', message: "The transform '/nowhere/none.ts' does not exist." });
});
