import { bareType, typeParts } from './clickhouse-type.ts';

/**
 * Why a value cannot stand in a column of a type, as the end of a sentence; null where it can, or where ClickHouse itself tells. Told here is
 * what ClickHouse would take and change: numbers that overflow, days that do not exist, digits that are cut, NULL where there is none.
 */
export function misfitOf(value: unknown, columnType: string): string | null {
  const { type, isNullable } = bareType(columnType);
  if (value === null || value === undefined) return isNullable ? null : `${columnType} is never NULL`;
  const { name, arguments: parts } = typeParts(type);
  switch (name) {
    case 'Array':
      return Array.isArray(value) ? firstMisfit(value, () => parts[0] ?? '') : null;
    case 'Tuple':
      return firstMisfit(typeof value === 'object' ? Object.values(value) : [], (index) => elementType(parts[index] ?? ''));
    case 'Map':
      return firstMisfit(typeof value === 'object' ? Object.values(value) : [], () => parts[1] ?? '');
    default:
      return typeof value === 'object' ? compositeMisfit(value, name) : scalarMisfit(String(value), name, parts, type);
  }
}

function firstMisfit(values: readonly unknown[], typeAt: (index: number) => string): string | null {
  for (const [index, value] of values.entries()) {
    const why = misfitOf(value, typeAt(index));
    if (why !== null) return why;
  }
  return null;
}

/** The type of a tuple's element, which may have a name: `id UInt64`. */
function elementType(element: string): string {
  return /^(?:[\p{L}_][\p{L}\p{N}_]*|`(?:[^`\\]|\\.)*`)\s+(.+)$/su.exec(element)?.[1] ?? element;
}

/** Texts take lists and mappings as JSON, and other types may have elements of their own. */
function compositeMisfit(value: object, name: string): string | null {
  if (!/^(U?Int\d+|Float(32|64)|Decimal|Date(32|Time|Time64)?|Bool|Enum(8|16)|UUID|IPv[46])$/.test(name)) return null;
  return `a ${Array.isArray(value) ? 'list' : 'mapping'} is no ${name}`;
}

function scalarMisfit(text: string, name: string, parts: readonly string[], type: string): string | null {
  if (/^U?Int\d+$/.test(name)) return integerMisfit(text, name);
  if (/^Float(32|64)$/.test(name))
    return /^([-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?|[-+]?inf(inity)?|nan)$/i.test(text) ? null : `'${text}' is no number`;
  if (name === 'Decimal') return decimalMisfit(text, Number(parts[0]), Number(parts[1] ?? 0), type);
  if (/^Date(32|Time|Time64)?$/.test(name)) return dayMisfit(text, name);
  if (name === 'Bool') return /^(true|false|0|1)$/i.test(text) ? null : `'${text}' is neither true nor false`;
  if (/^Enum(8|16)$/.test(name)) {
    const names = parts.map((part) => /^'((?:[^'\\]|\\.)*)'/.exec(part)?.[1] ?? '');
    return names.includes(text) ? null : `'${text}' is none of ${names.join(', ')}`;
  }
  return null;
}

function integerMisfit(text: string, name: string): string | null {
  if (/^(true|false)$/.test(text)) return null;
  if (!/^[-+]?\d+$/.test(text)) return `'${text}' is no whole number`;
  const bits = BigInt(/\d+/.exec(name)?.[0] ?? '64');
  const isUnsigned = name.startsWith('U');
  const [least, most] = isUnsigned ? [0n, 2n ** bits - 1n] : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n];
  const number = BigInt(text.replace('+', ''));
  return number >= least && number <= most ? null : `${name} ends at ${number < least ? least : most}`;
}

function decimalMisfit(text: string, precision: number, scale: number, type: string): string | null {
  const [, whole = '', behind = ''] = /^[-+]?0*(\d*)\.?(\d*?)0*$/.exec(text) ?? [];
  if (!/^[-+]?(\d+\.?\d*|\.\d+)$/.test(text)) return `'${text}' is no decimal number`;
  return whole.length <= precision - scale && behind.length <= scale ? null : `${type} has no room for all digits of ${text}`;
}

const years: Readonly<Record<string, readonly [number, number]>> = {
  Date: [1970, 2149],
  Date32: [1900, 2299],
  DateTime: [1970, 2106],
  DateTime64: [1900, 2299],
};

function dayMisfit(text: string, name: string): string | null {
  const [, day] = /^(\d{4}-\d\d-\d\d)(?:[ T]|$)/.exec(text) ?? [];
  if (day === undefined) return /^\d+(\.\d+)?$/.test(text) ? null : dayShape(text, name);
  const date = new Date(`${day}T00:00:00Z`);
  if (Number.isNaN(date.getTime()) || !date.toISOString().startsWith(day)) return `there is no ${day}`;
  const [least, most] = years[name] ?? [0, 9999];
  const year = date.getUTCFullYear();
  return year >= least && year <= most ? null : `${name} reaches from ${least} to ${most}`;
}

function dayShape(text: string, name: string): string {
  return `'${text}' is not written ${name.startsWith('DateTime') ? 'YYYY-MM-DD hh:mm:ss' : 'YYYY-MM-DD'}`;
}
