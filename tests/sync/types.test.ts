import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { quoteText } from '../../framework/foundation/quote.ts';
import { scratchSync } from '../support/sync.ts';

/** A ClickHouse expression, the PostgreSQL type it becomes and its text there; null is NULL. */
const values: readonly (readonly [sql: string, type: string, text: string | null])[] = [
  ['toInt8(-128)', 'smallint', '-128'],
  ['toUInt8(255)', 'smallint', '255'],
  ['toUInt16(65535)', 'integer', '65535'],
  ['toUInt32(4294967295)', 'bigint', '4294967295'],
  ['toInt64(-9223372036854775808)', 'bigint', '-9223372036854775808'],
  ['toUInt64(18446744073709551615)', 'numeric(20,0)', '18446744073709551615'],
  ["toInt128('-170141183460469231731687303715884105728')", 'numeric(39,0)', '-170141183460469231731687303715884105728'],
  [
    "toUInt256('115792089237316195423570985008687907853269984665640564039457584007913129639935')",
    'numeric(78,0)',
    '115792089237316195423570985008687907853269984665640564039457584007913129639935',
  ],
  ['toFloat64(0.1)', 'double precision', '0.1'],
  ['nan', 'double precision', 'NaN'],
  ['-inf', 'double precision', '-Infinity'],
  ['true', 'boolean', 'true'],
  ["toDecimal64('-12.340', 3)", 'numeric(18,3)', '-12.340'],
  ["toDate('2024-02-29')", 'date', '2024-02-29'],
  ["toDate32('1900-01-01')", 'date', '1900-01-01'],
  ["toDateTime('2024-03-31 02:30:00', 'Asia/Kolkata')", 'timestamp with time zone', '2024-03-30 21:00:00+00'],
  ["toDateTime64('2024-01-01 00:00:00.123456', 6, 'UTC')", 'timestamp with time zone', '2024-01-01 00:00:00.123456+00'],
  ["toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0')", 'uuid', '61f0c404-5cb3-11e7-907b-a6006ad3dba0'],
  ["toIPv4('10.0.0.1')", 'inet', '10.0.0.1/32'],
  ["toIPv6('2001:db8::1')", 'inet', '2001:db8::1/128'],
  ["cast('b' as Enum8('a' = 1, 'b' = 2))", 'text', 'b'],
  ["toLowCardinality('x')", 'text', 'x'],
  ["cast('y' as LowCardinality(Nullable(String)))", 'text', 'y'],
  ['cast(null as Nullable(Int32))', 'integer', null],
  ["toFixedString('ab', 4)", 'text', 'ab'],
  ["''", 'text', ''],
  ["'\\\\N'", 'text', '\\N'],
  ["'\\\\.'", 'text', '\\.'],
  ['[1, 2]::Array(Int32)', 'integer[]', '{1,2}'],
  ["['a,b', '{', '\"', '\\\\', null, 'NULL', '']", 'text[]', '{"a,b","{","\\"","\\\\",NULL,"NULL",""}'],
  ['emptyArrayString()', 'text[]', '{}'],
  ["[toDateTime('2024-01-01 00:00:00', 'UTC')]", 'timestamp with time zone[]', '{"2024-01-01 00:00:00+00"}'],
  ['[[1], [2, 3]]', 'jsonb', '[[1], [2, 3]]'],
  ["map('k', 1, 'q\"', 2)", 'jsonb', '{"k": 1, "q\\"": 2}'],
  ["cast((1, 'x') as Tuple(n UInt8, s String))", 'jsonb', '{"n": 1, "s": "x"}'],
  ['\'{"a": {"b": [1, null]}}\'::JSON', 'jsonb', null],
];

for (const format of ['copy', 'jsonl'] as const) {
  test(`every type arrives as its counterpart, by ${format}`, async () => {
    await using sync = await scratchSync();
    await sync.fill(`select ${values.map(([sql], index) => `${sql} as c${index}`).join(', ')}`);

    await sync.run({ format });

    const types = await sync.postgres.query<{ type: string }>(
      `select format_type(atttypid, atttypmod) as type from pg_attribute where attrelid = '${sync.schema}.target'::regclass and attnum > 0 order by attnum`,
    );
    const [row] = await sync.rows<Record<string, string | null>>(`select ${values.map((_, index) => `c${index}::text`).join(', ')}`);
    const expected = values.map(([sql, type, text]) => [sql, type, sql.endsWith('JSON') ? row?.[`c${values.length - 1}`] : text]);
    const actual = values.map(([sql], index) => [sql, types[index]?.type, row?.[`c${index}`]]);
    assert.deepEqual(actual, expected);
    assert.match(row?.[`c${values.length - 1}`] ?? '', /"a": \{"b": \[/);
  });
}

test('any text arrives as it was, alone and in an array', async () => {
  await using sync = await scratchSync();
  const text = fc.string({
    unit: fc.oneof(
      fc.constantFrom('"', "'", '\\', '\n', '\r', '\t', '\b', '\f', '\v', ',', '{', '}', 'N', '.', 'é', '名', '😀'),
      fc.string({ minLength: 1, maxLength: 1 }),
    ),
  });
  const texts = fc.sample(
    text.filter((value) => !value.includes('\0')),
    200,
  );
  const rows = texts.map((value, index) => `(${index}, ${quoteText(value, 'clickhouse')}, [${quoteText(value, 'clickhouse')}])`);

  for (const format of ['copy', 'jsonl'] as const) {
    await sync.fill(`select * from values('id Int32, t String, ts Array(String)', ${rows.join(', ')})`);
    await sync.run({ format });
    const stored = await sync.rows<{ t: string; ts: string[] }>('select id, t, ts');
    const byId = (stored as { id?: number; t: string; ts: string[] }[]).toSorted((a, b) => (a.id ?? 0) - (b.id ?? 0));

    assert.deepEqual(
      byId.map(({ t }) => t),
      texts,
    );
    assert.deepEqual(
      byId.map(({ ts }) => ts[0]),
      texts,
    );
  }
});

for (const format of ['copy', 'jsonl'] as const) {
  test(`text that PostgreSQL cannot hold is refused by its column, without its value, by ${format}`, async () => {
    await using sync = await scratchSync();
    await sync.fill(
      `select number as id, 'fine' as good, if(number = 1, 'secret\\0value', 'x') as zero, [unhex('736563726574ff')] as bad from numbers(3)`,
    );

    await assert.rejects(sync.run({ format }), (thrown: Error) => {
      assert.match(thrown.message, /column 'zero' \(1 rows\), 'bad' \(3 rows\)/);
      assert.doesNotMatch(inspect(thrown, { depth: 9 }), /secret/);
      return true;
    });
    assert.deepEqual(await sync.postgres.query(`select 1 from pg_tables where schemaname = '${sync.schema}'`), []);
  });
}

test('a value that does not fit its declared type is refused by its column, without the value', async () => {
  await using sync = await scratchSync();
  await sync.fill(`select 'secret' as n`);

  const running = sync.run({ columns: [{ name: 'n', type: 'integer' }] });

  await assert.rejects(running, (thrown: Error) => {
    assert.match(thrown.message, /line 1, column n/);
    assert.doesNotMatch(inspect(thrown, { depth: 9 }), /secret/);
    return true;
  });
});

test('nan and infinity are refused by a type that has none, and kept by one that has', async () => {
  await using sync = await scratchSync();
  await sync.fill('select nan as a, inf as b, -inf as c');

  await sync.run();
  const kept = await sync.rows('select a::text, b::text, c::text');

  assert.deepEqual(kept, [{ a: 'NaN', b: 'Infinity', c: '-Infinity' }]);
  await assert.rejects(sync.run({ columns: [{ name: 'a', type: 'integer' }] }), /column a/);
});

test('the first and last moments of each date type arrive, and a fraction below a microsecond is rounded', async () => {
  await using sync = await scratchSync();
  await sync.fill(`select toDate32('1900-01-01') as first_day, toDate32('2299-12-31') as last_day, toDate('1970-01-01') as zero, toDate('2149-06-06') as highest,
    toDateTime64('1900-01-01 00:00:00', 3, 'UTC') as first_time, toDateTime64('2299-12-31 23:59:59.999', 3, 'UTC') as last_time,
    toDateTime64('2024-01-01 00:00:00.123456789', 9, 'UTC') as fine`);

  await sync.run();

  const [row] = await sync.rows(
    `select first_day::text, last_day::text, zero::text, highest::text, (first_time at time zone 'UTC')::text as first_time, (last_time at time zone 'UTC')::text as last_time, (fine at time zone 'UTC')::text as fine`,
  );
  assert.deepEqual(row, {
    first_day: '1900-01-01',
    last_day: '2299-12-31',
    zero: '1970-01-01',
    highest: '2149-06-06',
    first_time: '1900-01-01 00:00:00',
    last_time: '2299-12-31 23:59:59.999',
    fine: '2024-01-01 00:00:00.123457',
  });
});
