import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { exactCast } from '../../framework/materializations/exact-cast.ts';
import { scratchWarehouse } from '../support/warehouse.ts';

interface TypeCase {
  /** Texts and the values that ClickHouse then has, as it writes them. */
  readonly fit: readonly (readonly [text: string | null, value: string | null])[];
  readonly unfit: readonly (string | null)[];
}

const same = (...texts: string[]) => texts.map((text) => [text, text] as const);

const types: Readonly<Record<string, TypeCase>> = {
  UInt8: { fit: [...same('0', '255'), ['007', '7'], ['+5', '5']], unfit: ['256', '-1', '1.0', '1e2', ' 1', '1 ', 'x', '', null, '\\N'] },
  UInt32: { fit: same('4294967295'), unfit: ['99999999999'] },
  Int64: { fit: same('-9223372036854775808', '9223372036854775807'), unfit: ['9223372036854775808'] },
  UInt256: { fit: same('5'), unfit: ['9'.repeat(78), '9'.repeat(80)] },
  'Nullable(UInt8)': {
    fit: [
      ['1', '1'],
      [null, null],
      ['\\N', null],
    ],
    unfit: ['', 'x', '256'],
  },
  Float64: { fit: [...same('1', '-1.5'), ['.5', '0.5']], unfit: ['1e999', '1,5', 'x', ''] },
  Float32: { fit: same('0.1'), unfit: ['1e39'] },
  Bool: {
    fit: [
      ...['true', 'TRUE', '1', 'yes', 't'].map((text) => [text, 'true'] as const),
      ...['False', '0', 'No', 'f'].map((text) => [text, 'false'] as const),
    ],
    unfit: ['2', '', 'maybe', null],
  },
  String: { fit: [...same('', 'x', ' x '), [null, '']], unfit: ['\\N'] },
  'Nullable(String)': { fit: [...same('', 'x'), [null, null], ['\\N', null]], unfit: [] },
  'LowCardinality(String)': { fit: [...same('x'), [null, '']], unfit: ['\\N'] },
  'LowCardinality(Nullable(String))': { fit: [...same('x'), [null, null]], unfit: [] },
  'FixedString(2)': { fit: same('ab'), unfit: ['abc'] },
  Date: {
    fit: [...same('2018-02-28', '2149-06-06'), ['2018-2-3', '2018-02-03']],
    unfit: ['2018-02-31', '1969-12-31', '2149-06-07', '20180101', '2018-13-01', '2018-02-03x', '02/03/2018', '', null],
  },
  Date32: { fit: same('1900-01-01', '2299-12-31'), unfit: ['1899-12-31', '2300-01-01', '2018-02-30'] },
  "DateTime('UTC')": {
    fit: [
      ['1970-01-01T00:00:00Z', '1970-01-01 00:00:00'],
      ['2106-02-07T06:28:15Z', '2106-02-07 06:28:15'],
      ['2018-01-01', '2018-01-01 00:00:00'],
      ['2018-01-01T05:30', '2018-01-01 05:30:00'],
      ['2018-01-01T05:30:00+05:30', '2018-01-01 00:00:00'],
      ['2018-01-01 00:00:00.000', '2018-01-01 00:00:00'],
    ],
    unfit: [
      '1969-12-31T23:59:59Z',
      '2106-02-07T06:28:16Z',
      '2018-02-31 00:00:00',
      '2018-01-01 25:00:00',
      '2018-01-01 00:60:00',
      '2018-01-01 00:00:00.5',
      '01/02/2018',
      '1514764800',
      '',
    ],
  },
  "DateTime('Asia/Kolkata')": { fit: [['2018-01-01T00:00:00Z', '2018-01-01 05:30:00']], unfit: ['2018-01-01 24:00:00'] },
  "DateTime64(3, 'UTC')": {
    fit: [
      ['2018-01-01 00:00:00.12300', '2018-01-01 00:00:00.123'],
      ['2017-11-12T12:20:39.000Z', '2017-11-12 12:20:39.000'],
    ],
    unfit: ['2018-01-01 00:00:00.1239', '1800-01-01', '2300-01-01', '2017-11-31T12:20:39.000Z'],
  },
  "DateTime64(9, 'UTC')": { fit: same('2017-11-12 12:20:39.123456789'), unfit: ['2290-11-12T12:20:39Z'] },
  'Decimal(5, 2)': {
    fit: [...same('1.23', '123.45', '-999.99'), ['.5', '0.5'], ['5.', '5'], ['1.2300', '1.23'], ['0001.5', '1.5']],
    unfit: ['1.234', '1234.5', '12345.6', '1e2', '.', '', 'x'],
  },
  'Decimal(76, 0)': { fit: same('9'.repeat(76)), unfit: ['9'.repeat(77)] },
  "Enum8('a' = 1, 'b\\'c' = 2)": { fit: same('a', "b'c"), unfit: ['1', 'x', ''] },
  "Nullable(Enum8('a' = 1))": { fit: [...same('a'), [null, null]], unfit: ['b'] },
  UUID: { fit: [['61F0C404-5CB3-11E7-907B-A6006AD3DBA0', '61f0c404-5cb3-11e7-907b-a6006ad3dba0']], unfit: ['61F0C404'] },
  IPv4: { fit: same('1.2.3.4'), unfit: ['1.2.3.400'] },
  'Array(UInt8)': { fit: [...same('[1,2]', '[]'), ['[ 1 , 2 ]', '[1,2]']], unfit: ['[300]', '[1', 'x', '', null] },
  'Array(Nullable(UInt8))': { fit: same('[1,NULL]'), unfit: ['[256]'] },
  'Array(Date)': { fit: same("['2018-01-02']"), unfit: ["['2018-02-31']"] },
  'Array(LowCardinality(String))': { fit: same("['a','b']"), unfit: ['[a]'] },
  "Array(Enum8('a' = 1))": { fit: same("['a']"), unfit: ["['b']"] },
  'Array(Decimal(5, 2))': { fit: same('[1.25]'), unfit: ['[1.239]'] },
  "Array(DateTime64(3, 'UTC'))": { fit: same("['2018-01-01 00:00:00.000']"), unfit: ["['2018-02-31 00:00:00.000']"] },
  'Map(String, UInt8)': { fit: same("{'a':1}"), unfit: ["{'a':300}", '{'] },
  'Tuple(UInt8, String)': { fit: same("(1,'x')"), unfit: ["(300,'x')"] },
  'Tuple(a UInt8, d Date)': { fit: same("(1,'2018-01-02')"), unfit: ["(1,'2018-02-31')"] },
  JSON: { fit: [['{"a":1}', '{"a":"1"}']], unfit: ['{'] },
};

for (const [type, { fit, unfit }] of Object.entries(types)) {
  test(`a text becomes the very value of ${type} that it writes, or none`, async () => {
    await using scratch = await scratchWarehouse();
    const cast = exactCast({ name: 'c', type });
    const select = async (what: string, text: string | null): Promise<unknown> => {
      const sql = `select ${what} as x from (select materialize({text:Nullable(String)}) as c)`;
      const [row] = await scratch.warehouse.query<{ x: unknown }>(sql, { params: { text } });
      return row?.x;
    };

    for (const [text, value] of fit) {
      assert.equal(Boolean(await select(cast.unfit, text)), false, `${text} is taken for none`);
      assert.equal(await select(`toString(${cast.value})`, text), value);
    }
    for (const text of unfit) {
      const isUnfit = await select(cast.unfit, text).catch((error) => (cast.throws ? true : Promise.reject(error)));
      assert.equal(Boolean(isUnfit), true, `${text} is taken for a value`);
    }
  });
}

test('integers are kept, and what would overflow is refused, whatever their size', async () => {
  await using scratch = await scratchWarehouse();
  const sizes = [8, 16, 32, 64, 128, 256].flatMap((bits) => [
    { type: `UInt${bits}`, least: 0n, greatest: 2n ** BigInt(bits) - 1n },
    { type: `Int${bits}`, least: -(2n ** BigInt(bits - 1)), greatest: 2n ** BigInt(bits - 1) - 1n },
  ]);
  const casts = sizes.map(({ type }) => exactCast({ name: 'c', type }));
  const columns = casts.flatMap(({ value, unfit }, index) => [`toString(${value}) as v${index}`, `toBool(${unfit}) as u${index}`]);

  const numbers = fc.oneof(
    fc.bigInt({ min: -(2n ** 252n), max: 2n ** 252n }),
    fc.bigInt({ min: -(2n ** 130n), max: 2n ** 130n }),
    fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }),
    fc.bigInt({ min: -300n, max: 300n }),
  );
  await fc.assert(
    fc.asyncProperty(numbers, async (number) => {
      const sql = `select ${columns.join(', ')} from (select materialize({text:Nullable(String)}) as c)`;
      const [row = {}] = await scratch.warehouse.query<Record<string, unknown>>(sql, { params: { text: String(number) } });
      for (const [index, { type, least, greatest }] of sizes.entries()) {
        const fits = number >= least && number <= greatest;
        assert.equal(row[`u${index}`], !fits, `${number} as ${type}`);
        if (fits) assert.equal(row[`v${index}`], String(number), type);
      }
    }),
    { numRuns: 60 },
  );
});
