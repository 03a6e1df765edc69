import { quoteName, quoteText } from '../foundation/quote.ts';
import type { SeedColumn } from './seed-column.ts';

/** How the text of a seed's field becomes a value of its column's type, and nothing else: ClickHouse's own casts wrap, cut and round. */
export interface ExactCast {
  /** The value as SQL. Means something only where the text fits. */
  readonly value: string;
  /** SQL that is 1 where the text is no value of the type, else 0. */
  readonly unfit: string;
  /** Whether `unfit` may throw in place of being 1: ClickHouse has no cast of that type that does not. */
  readonly throws: boolean;
}

/** The text that stands for NULL besides an empty field. */
export const nullText = '\\N';

/** The cast of one column of texts, which is `Nullable(String)`: NULL where the field is empty and not quoted. */
export function exactCast({ name, type }: SeedColumn): ExactCast {
  const field = quoteName(name, 'clickhouse');
  const bare = bareType(type);
  if (bare === 'String' && !type.includes('Nullable(')) {
    return { value: `ifNull(${field}, '')`, unfit: `not isValidUTF8(ifNull(${field}, '')) or ${isMarked(field)}`, throws: false };
  }
  const text = `nullIf(${field}, ${quoteText(nullText, 'clickhouse')})`;
  const { value, fits, throws = false } = castOf(text, bare);
  if (type.includes('Nullable(')) return { value, unfit: `${text} is not null and not ifNull(${fits}, 0)`, throws };
  return { value: `assumeNotNull(${value})`, unfit: `not ifNull(${fits}, 0)`, throws };
}

function isMarked(field: string): string {
  return `ifNull(${field} = ${quoteText(nullText, 'clickhouse')}, 0)`;
}

/** A type without what does not change its values: `LowCardinality(Nullable(String))` is `String`. */
function bareType(type: string): string {
  return type.replace(/^LowCardinality\((.*)\)$/s, '$1').replace(/^Nullable\((.*)\)$/s, '$1');
}

interface Cast {
  /** Nullable, where the type can be. */
  readonly value: string;
  /** 1 where the text is a value, 0 or NULL where it is none. */
  readonly fits: string;
  readonly throws?: boolean;
}

function castOf(text: string, type: string): Cast {
  const family = /^\w+/.exec(type)?.[0] ?? '';
  const casts = castsByFamily[family] ?? (/^(Array|Map|Tuple|Nested)$/.test(family) ? compositeCast : plainCast);
  return casts(text, type);
}

const castsByFamily: Readonly<Record<string, (text: string, type: string) => Cast>> = {
  String: (text) => ({ value: text, fits: `isValidUTF8(${text})` }),
  Float32: floatCast,
  Float64: floatCast,
  Int128: wideCast,
  UInt128: wideCast,
  Int256: wideCast,
  UInt256: wideCast,
  Date: dateCast,
  Date32: dateCast,
  DateTime: dateTimeCast,
  DateTime64: dateTimeCast,
  Decimal: decimalCast,
  Enum8: enumCast,
  Enum16: enumCast,
};

/** `accurateCastOrNull` refuses what overflows, for integers up to 64 bits, and is exact for UUID, IPv4, IPv6, FixedString and Bool. */
function plainCast(text: string, type: string): Cast {
  const value = `accurateCastOrNull(${text}, ${quoteText(type, 'clickhouse')})`;
  return { value, fits: `${value} is not null` };
}

/** What is too large would be infinite. */
function floatCast(text: string, type: string): Cast {
  const { value } = plainCast(text, type);
  return { value, fits: `isFinite(${value})` };
}

/** Integers of 128 and 256 bits overflow unnoticed; what has 76 digits at most fits 256 bits. */
function wideCast(text: string, type: string): Cast {
  const { value } = plainCast(plainCast(text, 'Int256').value, type);
  return { value, fits: `${value} is not null and ${matches(text, String.raw`^[+-]?\d{1,76}$`)}` };
}

/** A day that is none, 2018-02-31 or 1969-01-01, becomes another; so the date is compared with what was written. */
function dateCast(text: string, type: string): Cast {
  const { value } = plainCast(text, type);
  return { value, fits: `toString(${value}) = replaceRegexpAll(${text}, ${regexp(String.raw`-(\d)\b`)}, '-0\\\\1')` };
}

/** ISO 8601, with an offset or in the column's own zone; the years that ClickHouse has, and no fraction that would be cut. */
function dateTimeCast(text: string, type: string): Cast {
  const [, precision, zone] = /^DateTime(?:64)?(?:\((\d+)?(?:,\s*)?('.*')?\))?$/s.exec(type) ?? [];
  const digits = Number(precision ?? 0);
  // With a precision of 0 it is parsed to a DateTime, whose seconds wrap.
  const parsed = `parseDateTime64BestEffortOrNull(${text}, ${Math.max(digits, 1)}${zone === undefined ? '' : `, ${zone}`})`;
  const value = digits > 0 ? parsed : `accurateCastOrNull(${parsed}, ${quoteText(type, 'clickhouse')})`;
  const inRange = type.startsWith('DateTime64') ? `${parsed} is not null` : `toInt64(${parsed}) between 0 and 4294967295`;
  return { value, fits: `${inRange} and ${matches(text, isoPattern(digits))}` };
}

function isoPattern(digits: number): string {
  const date = String.raw`(19|2[012])\d\d-\d\d-\d\d`;
  const time = String.raw`([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{0,${digits}}0*)?)?`;
  return `^${date}([ T]${time}${String.raw`( ?(Z|UTC|[+-]\d\d(:?\d\d)?))?`})?$`;
}

/** Digits beyond the scale are cut, and those beyond the precision are kept, unnoticed. */
function decimalCast(text: string, type: string): Cast {
  const [, precision = '0', scale = '0'] = /^Decimal\((\d+),\s*(\d+)\)$/.exec(type) ?? [];
  const { value, fits } = plainCast(text, type);
  const whole = Number(precision) - Number(scale);
  const pattern = String.raw`^[+-]?0*\d{0,${whole}}(\.\d{0,${scale}}0*)?$`;
  return { value, fits: `${fits} and ${matches(text, pattern)} and ${matches(text, String.raw`\d`)}` };
}

/** The number of an element would be taken for its name. */
function enumCast(text: string, type: string): Cast {
  const names = [...type.matchAll(/('(?:[^'\\]|\\.)*') = -?\d+/g)].map(([, name]) => name).join(', ');
  const known = `if(${text} in (${names}), ${text}, null)`;
  return { value: `cast(${known}, ${quoteText(`Nullable(${type})`, 'clickhouse')})`, fits: `${known} is not null` };
}

/** Arrays, maps and tuples as ClickHouse writes them; read once more with types that nothing overflows, they must say the same. */
function compositeCast(text: string, type: string): Cast {
  // In a tuple, because no text is cast to a map that stands alone.
  const cast = (as: string): string =>
    `tupleElement(cast(concat('(', ifNull(${text}, ''), ')'), ${quoteText(`Tuple(${as})`, 'clickhouse')}), 1)`;
  const value = cast(type);
  return { value, fits: `${text} is not null and toString(${value}) = toString(${cast(widened(type))})`, throws: true };
}

/** The type with integers and decimals of full width, and text where a value is written as it is read. */
function widened(type: string): string {
  return type
    .replaceAll(/\b(?:LowCardinality)\(((?:Nullable\()?\w+(?:\([^()]*\))?\)?)\)/g, '$1')
    .replaceAll(/\b(?:Enum(?:8|16)\((?:[^()']|'(?:[^'\\]|\\.)*')*\)|DateTime(?:64)?(?:\([^()]*\))?|Date(?:32)?)(?![\w(])/g, 'String')
    .replaceAll(/\bDecimal\(\d+, \d+\)/g, 'Decimal(76, 38)')
    .replaceAll(/\bU?Int(?:8|16|32|64|128)\b/g, 'Int256');
}

function matches(text: string, pattern: string): string {
  return `match(${text}, ${regexp(pattern)})`;
}

function regexp(pattern: string): string {
  return quoteText(pattern, 'clickhouse');
}
