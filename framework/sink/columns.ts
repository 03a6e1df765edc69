import type { Delivery } from '../connections/broker.ts';
import { GccflowError } from '../foundation/error.ts';
import type { SinkColumn } from '../project/sink-file.ts';
import type { Drift } from './drift.ts';
import { jsonText } from './json-text.ts';
import { RowMistake } from './row-mistake.ts';
import { formatMoment, type Moment, parseEpoch } from './time-value.ts';
import { type Dialect, valueType } from './value-type.ts';
import { type Encode, refused } from './values.ts';

/** What a row's values are taken from. */
export interface RowOrigin {
  readonly delivery: Delivery;
  /** The body, unpacked. */
  readonly text: string;
  /** The value of the body. */
  readonly root: unknown;
  /** The row's own object: the root, an element of `each`, or what a transform gave back. */
  readonly object: object;
  readonly now: Date;
}

/** A column as two functions, made once, so that a row costs no look at the sink's file. */
export interface Column {
  readonly name: string;
  /** The field of the row's object it reads, for telling which fields none reads; null where it reads none. */
  readonly field: readonly string[] | null;
  /** The same of the body's root. */
  readonly rootField: readonly string[] | null;
  /** The value as the destination takes it. Throws FIELD_MISSING and FIELD_TYPE, and tells the drift of them. */
  readonly write: (origin: RowOrigin) => unknown;
}

export interface ColumnOptions {
  /** Name of the sink, for sentences. */
  readonly sink: string;
  readonly dialect: Dialect;
  /** Whether a null is refused whatever the type says: of a column that identifies rows. */
  readonly isKey: boolean;
  readonly drift: Drift;
}

/** Throws VALUE_INVALID where `value`, `default` or `as` does not fit the column's type. */
export function compileColumn(name: string, column: SinkColumn, { sink, dialect, isKey, drift }: ColumnOptions): Column {
  const { encode: encodeType, nullable, isJson } = valueType(column.type, dialect);
  const fixed = (key: 'default' | 'value', value: unknown): unknown => {
    const encoded = encodeType(value);
    if (encoded !== refused) return encoded;
    throw new GccflowError('VALUE_INVALID', `The ${key} of the column '${name}' of the sink '${sink}' is no ${column.type}.`);
  };
  const fallback = column.default === undefined ? undefined : fixed('default', column.default);
  const read = readerOf(name, column, encodeType);
  const encode = encodeAs(column.as, encodeType, isJson);
  if ((column.as === 'epoch_s' || column.as === 'epoch_ms') && encode(0) === refused) {
    const message = `The column '${name}' of the sink '${sink}' is ${column.type}, which takes no time, so that 'as: ${column.as}' fits no value.`;
    throw new GccflowError('VALUE_INVALID', message);
  }
  const label = labelOf(name, column);
  const write = (origin: RowOrigin): unknown => {
    const value = read(origin);
    if (value === null || value === undefined) {
      if (fallback !== undefined) return fallback;
      if (nullable && !isKey) return null;
      drift.mistake(label, name, column.type);
      throw new RowMistake('FIELD_MISSING', `The ${label} is missing or null, and the column '${name}' is ${column.type}.`);
    }
    const encoded = encode(value);
    if (encoded !== refused) return encoded;
    drift.mistake(label, name, column.type);
    const unit = column.as === null ? '' : ` as ${column.as}`;
    throw new RowMistake(
      'FIELD_TYPE',
      `The ${label} holds ${kindOf(value)} that the column '${name}' does not take${unit}: ${column.type}.`,
    );
  };
  if (column.value !== null && column.value !== 'now') {
    const value = fixed('value', column.value);
    return { name, field: null, rootField: null, write: () => value };
  }
  return { name, ...fieldsOf(name, column), write };
}

type Read = (origin: RowOrigin) => unknown;

function readerOf(name: string, { from, header, delivery, value }: SinkColumn, encode: Encode): Read {
  if (value === 'now') return timeReader(({ now }) => now, encode);
  if (header !== null) return ({ delivery: { headers } }) => (Object.hasOwn(headers, header) ? headers[header] : undefined);
  if (delivery !== null) return factReader(delivery, encode);
  const { path, ofRoot } = parsePath(from ?? name);
  const read = pathReader(path);
  return ofRoot ? ({ root }) => read(root) : ({ object }) => read(object);
}

function factReader(fact: NonNullable<SinkColumn['delivery']>, encode: Encode): Read {
  switch (fact) {
    case 'message_id':
      return ({ delivery }) => delivery.messageId;
    case 'exchange':
      return ({ delivery }) => delivery.exchange;
    case 'routing_key':
      return ({ delivery }) => delivery.routingKey;
    case 'published_at':
      return timeReader(({ delivery }) => delivery.publishedAt, encode);
    case 'received_at':
      return timeReader(({ now }) => now, encode);
    case 'body':
      return ({ text }) => text;
  }
}

/** A time, for a column of texts as ISO 8601. */
function timeReader(read: (origin: RowOrigin) => Date | null, encode: Encode): Read {
  if (encode(new Date(0)) !== refused) return read;
  return (origin) => read(origin)?.toISOString();
}

/** `$.a.b` from the body's root, `a.b` from the row's object. */
export function parsePath(text: string): { readonly path: readonly string[]; readonly ofRoot: boolean } {
  if (text === '$') return { path: [], ofRoot: true };
  const ofRoot = text.startsWith('$.');
  return { path: (ofRoot ? text.slice(2) : text).split('.'), ofRoot };
}

/** Reads what is at a path; a number picks an element of a list. What an object inherits is none of its fields. */
export function pathReader(path: readonly string[]): (value: unknown) => unknown {
  const [first, second] = path.map(fieldReader);
  if (first === undefined) return (value) => value;
  if (second === undefined) return first;
  const rest = pathReader(path.slice(1));
  return (value) => rest(first(value));
}

function fieldReader(name: string): (value: unknown) => unknown {
  const isInherited = name in {};
  const isIndex = /^\d+$/.test(name);
  return (value) => {
    if (typeof value !== 'object' || value === null) return undefined;
    if (isInherited && !Object.hasOwn(value, name)) return undefined;
    if (Array.isArray(value) && !isIndex) return undefined;
    return (value as Record<string, unknown>)[name];
  };
}

/** What `as` makes of a value before its type looks at it. JSON types take JSON as it is. */
export function encodeAs(as: SinkColumn['as'], encode: Encode, isJson: boolean): Encode {
  switch (as) {
    case null:
      return encode;
    case 'json':
      return isJson ? encode : (value) => encode(jsonText(value));
    case 'text':
      return (value) => encode(['number', 'bigint', 'boolean'].includes(typeof value) ? String(value) : value);
    case 'epoch_s':
    case 'epoch_ms':
      return (value) => encode(isoOf(parseEpoch(value, as)));
  }
}

/** Only years of four digits, which ISO 8601 writes as such: no type takes others. */
function isoOf(moment: Moment | null): string | typeof refused {
  return moment !== null && moment.seconds >= firstSecond && moment.seconds <= lastSecond ? formatMoment(moment, 9) : refused;
}

const firstSecond = Date.parse('0000-01-01T00:00:00Z') / 1000;
const lastSecond = Date.parse('9999-12-31T23:59:59Z') / 1000;

function labelOf(name: string, { from, header, delivery }: SinkColumn): string {
  if (header !== null) return `header '${header}'`;
  if (delivery !== null) return `delivery's ${delivery}`;
  return `field '${from ?? name}'`;
}

function fieldsOf(name: string, { from, header, delivery, value }: SinkColumn): Pick<Column, 'field' | 'rootField'> {
  if (header !== null || delivery !== null || value !== null) return { field: null, rootField: null };
  const { path, ofRoot } = parsePath(from ?? name);
  return ofRoot ? { field: null, rootField: path } : { field: path, rootField: null };
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return 'a text';
  if (typeof value === 'boolean') return 'true or false';
  return typeof value === 'object' ? 'an object' : 'a number';
}
