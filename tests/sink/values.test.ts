import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Warehouse } from '../../framework/connections/warehouse.ts';
import { GccflowError } from '../../framework/foundation/error.ts';
import type { Entry } from '../../framework/sink/entry.ts';
import { jsonText } from '../../framework/sink/json-text.ts';
import { openRowMaker } from '../../framework/sink/row-maker.ts';
import { RowMistake } from '../../framework/sink/row-mistake.ts';
import { openClickHouseWriter } from '../../framework/sink/writers/clickhouse.ts';
import { deliveryOf, sinkNode } from '../support/sink-node.ts';
import { scratchWarehouse, silentLog } from '../support/warehouse.ts';

/** Values of a type, and how to tell that ClickHouse has the same. */
interface TypeCase {
  readonly type: string;
  /** Values as they may stand in a body: those that fit, and those around them. */
  readonly values: fc.Arbitrary<unknown>;
  /** SQL for what ClickHouse has in `v`, as text. */
  readonly read: string;
  /** That text for a value of the type; anything for another. */
  readonly text: (value: unknown) => string;
}

const scalars = fc.oneof(fc.boolean(), fc.string({ maxLength: 8 }), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant({}));

/** Whole numbers near a type's bounds and anywhere, as numbers and as texts. */
function wholes(bits: number, signed: boolean): fc.Arbitrary<unknown> {
  const low = signed ? -(2n ** BigInt(bits - 1)) : 0n;
  const high = 2n ** BigInt(signed ? bits - 1 : bits) - 1n;
  const around = fc.bigInt({ min: -3n, max: 3n });
  const value = fc.oneof(
    fc.bigInt({ min: low, max: high }),
    around.map((step) => low + step),
    around.map((step) => high + step),
    fc.bigInt({ min: low * 3n, max: high * 3n }),
  );
  return fc.oneof({ weight: 6, arbitrary: value }, { weight: 2, arbitrary: value.map(String) }, { weight: 1, arbitrary: scalars });
}

function whole(bits: number, signed: boolean): TypeCase {
  const text = (value: unknown): string => (/^-?\d+$/.test(String(value)) ? String(BigInt(String(value))) : String(Number(value)));
  return { type: `${signed ? '' : 'U'}Int${bits}`, values: wholes(bits, signed), read: 'toString(v)', text };
}

function decimalOf(precision: number, scale: number): TypeCase {
  const digits = fc.bigInt({ min: -(10n ** BigInt(precision + 1)), max: 10n ** BigInt(precision + 1) });
  const texts = fc.tuple(digits, fc.integer({ min: 0, max: scale + 2 })).map(([all, places]) => placed(all, places));
  const doubles = fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((value) => Number(value.toFixed(scale)));
  return {
    type: `Decimal(${precision}, ${scale})`,
    values: fc.oneof(texts, doubles, fc.integer(), scalars),
    read: 'toString(v)',
    text: (value) =>
      shortest(
        typeof value === 'number' && Math.abs(value) < 1e6 && Number(value.toFixed(scale)) === value ? value.toFixed(scale) : String(value),
      ),
  };
}

function placed(digits: bigint, places: number): string {
  const text = String(digits < 0n ? -digits : digits).padStart(places + 1, '0');
  const at = text.length - places;
  return `${digits < 0n ? '-' : ''}${text.slice(0, at)}${places > 0 ? `.${text.slice(at)}` : ''}`;
}

/** Without zeros that mean nothing. */
function shortest(text: string): string {
  const [, sign = '', all, fraction = ''] = /^(-?)0*(\d*?)(?:\.(\d*?)0*)?$/.exec(text) ?? [];
  if (all === undefined) return text;
  const rest = `${all || '0'}${fraction === '' ? '' : `.${fraction}`}`;
  return rest === '0' ? '0' : `${sign}${rest}`;
}

const dates = fc.date({ min: new Date('1850-01-01'), max: new Date('2350-01-01'), noInvalidDate: true });
const zones = fc.constantFrom('Z', '', '+05:30', '-0800', '+14');
/** Times that do not exist, or that a DateTime does not have. */
const strange = [
  '2024-02-30',
  '2024-01-01T24:00:00Z',
  '2024-13-01T00:00:00Z',
  '2106-02-07T06:28:16Z',
  '1969-12-31T23:59:59.999Z',
  'yesterday',
  '',
];

const times = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .tuple(dates, zones, fc.constantFrom('T', ' '))
      .map(([date, zone, gap]) => date.toISOString().slice(0, -1).replace('T', gap) + zone),
  },
  { weight: 1, arbitrary: dates.map((date) => date.toISOString().slice(0, 10)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...strange),
  },
  { weight: 1, arbitrary: scalars },
);

/** Milliseconds since 1970, as JavaScript reads the text in UTC. */
function msOf(value: unknown): number {
  const text = String(value).replace(' ', 'T');
  const zoned = /(?:Z|[+-]\d\d(?::?\d\d)?)$/.test(text.slice(10)) ? text : `${text}${text.length > 10 ? 'Z' : 'T00:00Z'}`;
  return Date.parse(zoned.replace(/([+-]\d\d)$/, '$1:00').replace(/([+-]\d\d)(\d\d)$/, '$1:$2'));
}

const json = (value: unknown): string => jsonText(value) ?? '';

const cases: readonly TypeCase[] = [
  ...[8, 16, 32, 64, 128, 256].flatMap((bits) => [whole(bits, true), whole(bits, false)]),
  decimalOf(5, 2),
  decimalOf(18, 6),
  decimalOf(38, 10),
  decimalOf(76, 0),
  { type: 'String', values: fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), scalars), read: 'v', text: String },
  { type: 'LowCardinality(String)', values: fc.oneof(fc.string(), scalars), read: 'v', text: String },
  {
    type: 'FixedString(5)',
    values: fc.oneof(fc.string({ maxLength: 7, unit: 'grapheme' }), scalars),
    read: 'toString(v)',
    text: (value) => `${value}`,
  },
  {
    type: 'Float64',
    values: fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
      scalars,
    ),
    read: 'toString(reinterpretAsUInt64(v))',
    text: (value) => String(new BigUint64Array(new Float64Array([Number(value) || 0]).buffer)[0]),
  },
  {
    type: 'Float32',
    values: fc.oneof(fc.float({ noNaN: true, noDefaultInfinity: true }), fc.double({ noNaN: true }), scalars),
    read: 'toString(reinterpretAsUInt32(v))',
    text: (value) =>
      String(new Uint32Array(new Float32Array([Number(value) || 0]).buffer)[0]).replace(/^(2139095040|4286578688)$/, 'infinite'),
  },
  {
    type: 'Bool',
    values: fc.oneof(fc.boolean(), fc.constantFrom(0, 1, 2, 'true', 'false', 'yes', '1')),
    read: 'toString(v)',
    text: (value) => String(['true', '1'].includes(String(value))),
  },
  {
    type: 'UUID',
    values: fc.oneof(
      fc.uuid(),
      fc.uuid().map((id) => id.toUpperCase()),
      fc.uuid().map((id) => id.slice(1)),
      scalars,
    ),
    read: 'toString(v)',
    text: (value) => String(value).toLowerCase(),
  },
  {
    type: "Enum8('a' = -1, 'it''s' = 2, 'x\\'y' = 3)",
    values: fc.constantFrom('a', "it's", "x'y", 'b', '', -1, 2, 4),
    read: 'toString(v)',
    text: (value) => String({ '-1': 'a', '2': "it's" }[String(value)] ?? value),
  },
  {
    type: 'IPv4',
    values: fc.oneof(fc.ipV4(), fc.constantFrom('256.1.1.1', '01.2.3.4', '1.2.3'), scalars),
    read: 'toString(v)',
    text: String,
  },
  { type: 'IPv6', values: fc.oneof(fc.ipV6(), fc.constantFrom('::', 'fe80::1%eth0', '1::2::3'), scalars), read: 'hex(v)', text: hexOfIpv6 },
  { type: 'DateTime', values: times, read: 'toString(toUnixTimestamp(v))', text: (value) => String(Math.floor(msOf(value) / 1000)) },
  {
    type: "DateTime('Asia/Kolkata')",
    values: times,
    read: 'toString(toUnixTimestamp(v))',
    text: (value) => String(Math.floor(msOf(value) / 1000)),
  },
  {
    type: "DateTime64(3, 'Asia/Kolkata')",
    values: times,
    read: 'toString(toUnixTimestamp64Milli(v))',
    text: (value) => String(msOf(value)),
  },
  {
    type: 'DateTime64(9)',
    values: times,
    read: 'toString(toUnixTimestamp64Nano(v))',
    text: (value) => `${BigInt(msOf(value)) * 1_000_000n}`,
  },
  { type: 'Date', values: times, read: 'toString(v)', text: (value) => new Date(msOf(value)).toISOString().slice(0, 10) },
  { type: 'Date32', values: times, read: 'toString(v)', text: (value) => new Date(msOf(value)).toISOString().slice(0, 10) },
  {
    type: 'Array(Nullable(UInt8))',
    values: fc.array(fc.oneof(wholes(8, false), fc.constant(null)), { maxLength: 3 }),
    read: 'toJSONString(v)',
    text: (value) => json((value as unknown[]).map((one) => (one === null ? null : Number(one)))),
  },
  {
    type: 'Array(Array(String))',
    values: fc.array(fc.oneof(fc.array(fc.string(), { maxLength: 2 }), fc.constant(null)), { maxLength: 3 }),
    read: 'toJSONString(v)',
    text: json,
  },
  {
    type: 'Map(String, Int16)',
    values: fc.dictionary(fc.string({ maxLength: 4 }), fc.integer({ min: -40_000, max: 40_000 }), { maxKeys: 3 }),
    read: 'toJSONString(v)',
    text: json,
  },
  {
    type: 'Tuple(a Int8, `b c` String)',
    values: fc.record({ a: fc.integer({ min: -140, max: 140 }), 'b c': fc.string() }, { requiredKeys: ['a'] }),
    read: 'toJSONString(v)',
    text: (value) => json({ a: (value as { a: number }).a, 'b c': (value as { 'b c': string })['b c'] }),
  },
  { type: 'Tuple(UInt8, Bool)', values: fc.tuple(fc.integer({ min: -5, max: 300 }), fc.boolean()), read: 'toJSONString(v)', text: json },
];

function hexOfIpv6(value: unknown): string {
  const text = String(value).replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...bytes: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.slice(0, 4).map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [head = '', tail] = text.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const middle = Array.from({ length: 8 - front.length - back.length }, () => '0');
  return [...front, ...middle, ...back]
    .map((part) => part.padStart(4, '0'))
    .join('')
    .toUpperCase();
}

async function openType(type: string, warehouse: Warehouse, database: string, name: string) {
  const columns = { n: 'UInt32', v: type };
  const node = await sinkNode({ name: 'p', to: { clickhouse: `${database}.${name}`, create: true, order_by: ['n'] }, columns });
  const { to } = node.sink;
  assert.ok('clickhouse' in to);
  const rows = await openRowMaker(node.sink, { folder: '/', clock: { now: () => new Date() }, log: silentLog });
  return { rows, writer: await openClickHouseWriter(node, to, { warehouse, log: silentLog }) };
}

/** What ClickHouse itself makes of a value in JSON: its text, or null where it refuses it. */
async function readByClickHouse(warehouse: Warehouse, { type, read }: TypeCase, value: unknown): Promise<string | null> {
  const sql = `select ${read} as v from format(JSONEachRow, {structure:String}, {line:String})`;
  const params = { structure: `v ${type}`, line: `{"v":${jsonText(value)}}` };
  const settings = { input_format_null_as_default: 0, date_time_input_format: 'best_effort' };
  try {
    const [row] = await warehouse.query<{ v: string }>(sql, { params, settings });
    return row?.v ?? null;
  } catch (error) {
    assert.ok(error instanceof GccflowError);
    return null;
  }
}

const signal = new AbortController().signal;

for (const [index, one] of cases.entries()) {
  test(`${one.type}: what is taken is stored as the same value, what is refused would not have been`, async () => {
    await using scratch = await scratchWarehouse();
    const { rows, writer } = await openType(one.type, scratch.warehouse, scratch.database, `t${index}`);
    const values = fc.sample(one.values, 300);

    const taken: { readonly value: unknown; readonly entry: Entry }[] = [];
    const refused: unknown[] = [];
    for (const value of values) {
      try {
        taken.push({ value, entry: rows.make(deliveryOf(`{"n":${taken.length},"v":${jsonText(value)}}`)) });
      } catch (error) {
        assert.ok(error instanceof RowMistake);
        refused.push(value);
      }
    }
    await writer.write(
      taken.map(({ entry }) => entry),
      { token: 't', signal },
    );
    const stored = await scratch.warehouse.query<{ v: string }>(`select ${one.read} as v from ${scratch.database}.t${index} order by n`, {
      settings: { output_format_json_escape_forward_slashes: 0 },
    });

    assert.ok(taken.length > 20, `${taken.length} taken`);
    for (const [n, { value }] of taken.entries()) {
      const has = one.type.startsWith('FixedString') ? stored[n]?.v.replace(/\0+$/, '') : stored[n]?.v;
      const wants = one.type.startsWith('Decimal') ? shortest(has ?? '') === one.text(value) : has === one.text(value);
      assert.ok(wants, `${jsonText(value)} is stored as ${has}`);
    }
    for (const value of refused.slice(0, 25)) {
      const has = await readByClickHouse(scratch.warehouse, one, value);
      if (isOfKind(one, value)) assert.notEqual(has, one.text(value), `${jsonText(value)} would have been right`);
    }
  });
}

/** Whether ClickHouse may judge a value that is refused here: numbers for texts, empty texts for numbers and the like it does take. */
function isOfKind({ type }: TypeCase, value: unknown): boolean {
  if (/String|Enum|Bool|UUID|IP/.test(type)) return typeof value === 'string';
  if (type.startsWith('Decimal') && typeof value === 'number' && String(value).replace(/\D/g, '').length > 15) return false; // rounded by JSON
  if (/^(U?Int|Decimal|Float)/.test(type)) return ['bigint', 'number'].includes(typeof value) || /^-?\d+(\.\d+)?$/.test(String(value));
  const ms = typeof value === 'string' && !strange.includes(value) ? msOf(value) : Number.NaN;
  return /^Date/.test(type) && ms >= Date.parse('1900-01-01') && ms < Date.parse('2262-04-11'); // what ClickHouse says it keeps
}
