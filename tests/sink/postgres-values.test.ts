import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openRowMaker, type RowMaker } from '../../framework/sink/row-maker.ts';
import { RowMistake } from '../../framework/sink/row-mistake.ts';
import { openPostgresWriter } from '../../framework/sink/writers/postgres.ts';
import { scratchPostgres } from '../support/postgres.ts';
import { deliveryOf, sinkNode } from '../support/sink-node.ts';
import { silentLog } from '../support/warehouse.ts';

/** Values in JSON with what PostgreSQL has of them as text, and values that are refused. */
const types: Readonly<Record<string, { readonly taken: Readonly<Record<string, string>>; readonly refused: readonly string[] }>> = {
  text: { taken: { '"a\\"b\\\\é😀"': 'a"b\\é😀', '""': '' }, refused: ['1', 'true', '{}', '"a\\u0000b"', '"\\ud800"'] },
  'varchar(3)': { taken: { '"abc"': 'abc', '"😀😀😀"': '😀😀😀' }, refused: ['"abcd"', '"😀😀😀😀"'] },
  smallint: { taken: { '-32768': '-32768', '"32767"': '32767' }, refused: ['32768', '1.5', '"x"', 'true'] },
  integer: { taken: { '2147483647': '2147483647' }, refused: ['2147483648', '-2147483649'] },
  bigint: {
    taken: { '9223372036854775807': '9223372036854775807', '-9007199254740993': '-9007199254740993' },
    refused: ['9223372036854775808', '1e300'],
  },
  'numeric(6, 2)': { taken: { '1234.5': '1234.50', '"-0.01"': '-0.01', '1e-2': '0.01' }, refused: ['12345', '0.001', '"1e2"', '"NaN"'] },
  numeric: {
    taken: { '12345678901234567890123': '12345678901234567890123', '"0.00000000000000000001"': '0.00000000000000000001' },
    refused: ['"x"', 'true'],
  },
  'double precision': { taken: { '0.1': '0.1', '"NaN"': 'NaN', '"-Infinity"': '-Infinity', '"1e5"': '100000' }, refused: ['"x"', '{}'] },
  real: { taken: { '1.5': '1.5' }, refused: ['1e39'] },
  boolean: { taken: { true: 'true', '"false"': 'false' }, refused: ['1', '"yes"'] },
  timestamptz: {
    taken: { '"2024-02-29T23:59:59.123456+05:30"': '2024-02-29 18:29:59.123456+00', '"2024-01-01"': '2024-01-01 00:00:00+00' },
    refused: ['"2023-02-29"', '1700000000', '"0000-01-01"'],
  },
  timestamp: {
    taken: { '"2024-01-01 10:00:00"': '2024-01-01 10:00:00', '"2024-01-01T10:00:00+02:00"': '2024-01-01 08:00:00' },
    refused: ['"x"'],
  },
  date: { taken: { '"0001-01-01"': '0001-01-01', '"2024-01-01T23:00:00-02:00"': '2024-01-02' }, refused: ['"2024-13-01"'] },
  uuid: { taken: { '"5F0C6A1E-8F1B-4C3A-9D2E-0A1B2C3D4E5F"': '5f0c6a1e-8f1b-4c3a-9d2e-0a1b2c3d4e5f' }, refused: ['"5f0c"'] },
  inet: { taken: { '"::1"': '::1/128', '"10.0.0.1"': '10.0.0.1/32' }, refused: ['"fe80::1%eth0"', '"10.0.0"'] },
  jsonb: {
    taken: {
      '{"a":[1,null,"x"]}': '{"a": [1, null, "x"]}',
      '"text"': '"text"',
      '[12345678901234567890]': '[12345678901234567890]',
      '"\\\\u0000"': '"\\\\u0000"',
    },
    refused: ['"\\u0000"', '{"a":"\\ud800"}'],
  },
};

function isRefused(rows: RowMaker, value: string): boolean {
  try {
    rows.make(deliveryOf(`{"n":0,"v":${value}}`));
    return false;
  } catch (error) {
    assert.ok(error instanceof RowMistake && error.code === 'FIELD_TYPE', String(error));
    return true;
  }
}

for (const [type, { taken, refused }] of Object.entries(types)) {
  test(`${type} in PostgreSQL: what is taken is stored as the same value, the rest is refused`, async () => {
    await using scratch = await scratchPostgres();
    const to = { postgres: `${scratch.schema}.t`, create: true };
    const { sink, ...node } = await sinkNode({ name: 'p', to, columns: { n: 'integer not null', v: type } });
    const rows = await openRowMaker(sink, { folder: '/', clock: { now: () => new Date() }, log: silentLog });
    await using writer = await openPostgresWriter({ ...node, sink }, { postgres: scratch.postgres });

    const entries = Object.keys(taken).map((value, n) => rows.make(deliveryOf(`{"n":${n},"v":${value}}`)));
    await writer.write([...entries, rows.make(deliveryOf(`{"n":${entries.length}}`))], {
      token: 't',
      signal: new AbortController().signal,
    });

    const utc = type === 'timestamptz' ? "(v at time zone 'UTC')::text || '+00'" : 'v::text';
    const stored = await scratch.postgres.query<{ v: string | null }>(`select ${utc} as v from ${scratch.schema}.t order by n`);
    assert.deepEqual(
      stored.map(({ v }) => v),
      [...Object.values(taken), null],
    );
    for (const value of refused) assert.ok(isRefused(rows, value), value);
  });
}

test('a PostgreSQL column that is declared not null, or is part of the key, takes no null', async () => {
  const columns = { id: 'integer', must: 'text not null', may: 'text' };
  const { sink } = await sinkNode({ name: 'p', to: { postgres: 't', key: ['id'] }, columns });
  const rows = await openRowMaker(sink, { folder: '/', clock: { now: () => new Date() }, log: silentLog });

  assert.deepEqual(rows.make(deliveryOf('{"id":1,"must":"x"}')).rows, [{ id: 1, must: 'x', may: null }]);
  for (const body of ['{"must":"x"}', '{"id":1,"must":null}']) {
    assert.throws(() => rows.make(deliveryOf(body)), { code: 'FIELD_MISSING' });
  }
});
