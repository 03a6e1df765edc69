import { isIPv4, isIPv6 } from 'node:net';
import { parseClickHouseType } from '../connections/clickhouse-type.ts';
import { jsonValue } from './json-text.ts';
import { decimal, float, integer, maxFloat32 } from './number-values.ts';
import { formatDay, formatMoment, type Moment, parseTime } from './time-value.ts';
import { type Encode, refused, type ValueType } from './values.ts';

/** How values of a ClickHouse type go into JSONEachRow: what ClickHouse would wrap, cut or set to 0 is refused here. */
export function clickHouseType(text: string, dialect: 'clickhouse' | 'http'): ValueType {
  const { name, args } = parseClickHouseType(text);
  if (name === 'Nullable') return { ...clickHouseType(args[0] ?? '', dialect), nullable: true };
  if (name === 'LowCardinality') return clickHouseType(args[0] ?? '', dialect);
  if (name === 'SimpleAggregateFunction') return clickHouseType(args.at(-1) ?? '', dialect);
  const isJson = dialect === 'http' && name === 'JSON';
  const encode = isJson ? jsonValue : (plain[name] ?? built[name]?.(args, dialect) ?? jsonValue);
  return { encode, nullable: ['Dynamic', 'Variant'].includes(name), isJson: isJson || name === 'JSON' };
}

const string: Encode = (value) => (typeof value === 'string' && value.isWellFormed() ? value : refused);

const uint8 = integer(8, false);

const uuidPattern = /^[\da-f]{8}-?[\da-f]{4}-?[\da-f]{4}-?[\da-f]{4}-?[\da-f]{12}$/i;

/** Types without arguments. */
const plain: Readonly<Record<string, Encode>> = {
  String: string,
  Int8: integer(8, true),
  Int16: integer(16, true),
  Int32: integer(32, true),
  Int64: integer(64, true),
  Int128: integer(128, true),
  Int256: integer(256, true),
  UInt8: (value) => uint8(typeof value === 'boolean' ? Number(value) : value), // flags are kept in it
  UInt16: integer(16, false),
  UInt32: integer(32, false),
  UInt64: integer(64, false),
  UInt128: integer(128, false),
  UInt256: integer(256, false),
  Float32: float(maxFloat32),
  Float64: float(Number.MAX_VALUE),
  Bool: (value) => truth.get(value) ?? refused,
  UUID: (value) => (typeof value === 'string' && uuidPattern.test(value) ? dashed(value) : refused),
  IPv4: (value) => (typeof value === 'string' && isIPv4(value) ? value : refused),
  IPv6: (value) => (typeof value === 'string' && (isIPv6(value) || isIPv4(value)) && !value.includes('%') ? value : refused),
  JSON: (value) => (typeof value === 'object' && value !== null && !Array.isArray(value) ? jsonValue(value) : refused),
};

const truth: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  [true, true],
  [false, false],
  [1, true],
  [0, false],
  ['true', true],
  ['false', false],
]);

function dashed(uuid: string): string {
  const digits = uuid.replaceAll('-', '').toLowerCase();
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join('-');
}

type Build = (args: readonly string[], dialect: 'clickhouse' | 'http') => Encode;

const day = (from: string, to: string): Encode => timed(from, to, formatDay);

/** Types that are made of their arguments. */
const built: Readonly<Record<string, Build>> = {
  FixedString:
    ([size]) =>
    (value) =>
      string(value) !== refused && Buffer.byteLength(String(value)) <= Number(size) ? value : refused,
  Decimal: ([precision, scale]) => decimal(Number(precision ?? 10), Number(scale ?? 0)),
  Decimal32: ([scale]) => decimal(9, Number(scale)),
  Decimal64: ([scale]) => decimal(18, Number(scale)),
  Decimal128: ([scale]) => decimal(38, Number(scale)),
  Decimal256: ([scale]) => decimal(76, Number(scale)),
  Date: () => day('1970-01-01', '2149-06-06'),
  Date32: () => day('1900-01-01', '2299-12-31'),
  DateTime: (_, dialect) => timed('1970-01-01', '2106-02-07T06:28:15Z', dialect === 'http' ? toSecond : ({ seconds }) => seconds),
  DateTime64: ([precision]) => dateTime64(Number(precision ?? 3)),
  Enum: named,
  Enum8: named,
  Enum16: named,
  Array: ([element], dialect) => listOf(elementOf(element, dialect)),
  Map: ([key, value], dialect) => mapOf(elementOf(key, dialect), elementOf(value, dialect)),
  Tuple: tupleOf,
};

const toSecond = (moment: Moment): string => formatMoment(moment, 0);

/** Moments of a range, the second of `to` included; what is finer than the column is cut off. A number is none: `as` says its unit. */
function timed(from: string, to: string, format: (moment: Moment) => unknown): Encode {
  const first = parseTime(from)?.seconds ?? 0;
  const last = parseTime(to.length > 10 ? to : `${to}T23:59:59Z`)?.seconds ?? 0;
  return (value) => {
    const moment = parseTime(value);
    return moment !== null && moment.seconds >= first && moment.seconds <= last ? format(moment) : refused;
  };
}

/** Nanoseconds since 1970 end in 2262 in the 64 bits they have. */
function dateTime64(precision: number): Encode {
  const last = precision > 8 ? '2262-04-11T23:47:15Z' : '2299-12-31';
  return timed('1900-01-01', last, (moment) => formatMoment(moment, precision));
}

/** The names of an enum, and its numbers, which stand for them. */
function named(args: readonly string[]): Encode {
  const names = new Map<unknown, string>();
  let next = 1;
  for (const arg of args) {
    const [, quoted = '', number] = /^'((?:[^'\\]|\\.|'')*)'\s*(?:=\s*(-?\d+))?$/s.exec(arg) ?? [];
    const name = quoted.replaceAll("''", "'").replace(/\\(.)/gs, '$1');
    const value = number === undefined ? next : Number(number);
    names.set(name, name).set(value, name);
    next = value + 1;
  }
  return (value) => names.get(value) ?? refused;
}

/** Null has a place in a list only where the elements are Nullable. */
function elementOf(text: string | undefined, dialect: 'clickhouse' | 'http'): Encode {
  const { encode, nullable } = clickHouseType(text ?? '', dialect);
  return (value) => {
    if (value === null || value === undefined) return nullable ? null : refused;
    return encode(value);
  };
}

function listOf(encode: Encode): Encode {
  return (value) => {
    if (!Array.isArray(value)) return refused;
    const list = value.map(encode);
    return list.includes(refused) ? refused : list;
  };
}

function mapOf(encodeKey: Encode, encode: Encode): Encode {
  return (value) => {
    if (typeof value !== 'object' || Array.isArray(value) || value instanceof Date) return refused;
    const entries = Object.entries(value ?? {}).map(([key, part]) => [encodeKey(key), encode(part)] as const);
    return entries.flat().includes(refused) ? refused : Object.fromEntries(entries);
  };
}

interface TuplePart {
  /** Null in a tuple without names. */
  readonly name: string | null;
  readonly encode: Encode;
}

/** A tuple with names from an object of these fields, all of them and no other; one without from a list as long as it is. */
function tupleOf(args: readonly string[], dialect: 'clickhouse' | 'http'): Encode {
  const parts = args.map((arg): TuplePart => {
    const [, quoted, bare, type] = /^(?:`((?:[^`\\]|\\.)+)`|([A-Za-z_]\w*))\s+(\S[\s\S]*)$/.exec(arg) ?? [];
    return { name: quoted?.replace(/\\(.)/gs, '$1') ?? bare ?? null, encode: elementOf(type ?? arg, dialect) };
  });
  const hasNames = parts.every(({ name }) => name !== null);
  return (value) => {
    const values = hasNames ? fieldsOf(value, parts) : value;
    if (!Array.isArray(values) || values.length !== parts.length) return refused;
    const list = parts.map(({ encode }, index) => encode(values[index]));
    if (list.includes(refused)) return refused;
    return hasNames ? Object.fromEntries(parts.map(({ name }, index) => [name, list[index]])) : list;
  };
}

function fieldsOf(value: unknown, parts: readonly TuplePart[]): unknown[] | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const fields = new Map<string | null, unknown>(Object.entries(value));
  return fields.size === parts.length && parts.every(({ name }) => fields.has(name)) ? parts.map(({ name }) => fields.get(name)) : null;
}
