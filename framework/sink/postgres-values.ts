import { isIP } from 'node:net';
import { jsonText, jsonValue } from './json-text.ts';
import { decimal, float, integer, maxFloat32 } from './number-values.ts';
import { formatDay, formatMoment, parseTime } from './time-value.ts';
import { type Encode, refused, type ValueType } from './values.ts';

/** How values of a PostgreSQL type go into parameters. Columns take null unless their type ends in `not null`. */
export function postgresType(text: string): ValueType {
  const [, type = '', strict] = /^\s*(.*?)(\s+not\s+null)?\s*$/is.exec(text) ?? [];
  const [, name = '', args, rest = ''] =
    /^([^([]*?)\s*(?:\(([^)]*)\))?\s*((?:with(?:out)?\s+time\s+zone)?)$/is.exec(type.toLowerCase()) ?? [];
  const encode = built[`${name}${rest && ` ${rest.replace(/\s+/g, ' ')}`}`]?.(args?.split(',').map(Number) ?? []) ?? jsonValue;
  return { encode, nullable: strict === undefined, isJson: name === 'json' || name === 'jsonb' };
}

/** PostgreSQL has no zero byte in texts. */
const isText = (value: unknown): value is string => typeof value === 'string' && value.isWellFormed() && !value.includes('\0');

const text: Encode = (value) => (isText(value) ? value : refused);

/** At most so many characters: PostgreSQL counts them, not bytes. */
function textUpTo([size]: readonly number[]): Encode {
  if (size === undefined) return text;
  return (value) => (isText(value) && (value.length <= size || [...value].length <= size) ? value : refused);
}

function numeric([precision, scale = 0]: readonly number[]): Encode {
  return precision === undefined ? decimal(1000, 500) : decimal(precision, scale);
}

const smallint = integer(16, true);
const int = integer(32, true);
const bigint = integer(64, true);
const notNumbers = { NaN: 'NaN', Infinity: 'Infinity', '-Infinity': '-Infinity' };
const real = float(maxFloat32, { nan: notNumbers });
const double = float(Number.MAX_VALUE, { nan: notNumbers });
const truth: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  [true, true],
  [false, false],
  ['true', true],
  ['false', false],
]);
const boolean: Encode = (value) => truth.get(value) ?? refused;

/** What is finer than `digits` of a second is cut off. A number is no time: `as` says its unit. */
function time([digits = 6]: readonly number[]): Encode {
  return (value) => {
    const moment = parseTime(value);
    return moment !== null && moment.seconds >= firstSecond && moment.seconds <= lastSecond ? formatMoment(moment, digits) : refused;
  };
}

const firstSecond = Date.parse('0001-01-01T00:00:00Z') / 1000;
const lastSecond = Date.parse('9999-12-31T23:59:59Z') / 1000;

const day: Encode = (value) => {
  const moment = parseTime(value);
  return moment !== null && moment.seconds >= firstSecond && moment.seconds <= lastSecond ? formatDay(moment) : refused;
};

const uuidPattern = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;
const uuid: Encode = (value) => (typeof value === 'string' && uuidPattern.test(value) ? value.toLowerCase() : refused);

const inet: Encode = (value) => (typeof value === 'string' && isIP(value) > 0 && !value.includes('%') ? value : refused);

/** JSON as text: the driver would make a PostgreSQL array of a list. */
const json: Encode = (value) => jsonText(value) ?? refused;

/** jsonb keeps texts as text, so that it has no zero byte and no half of a surrogate pair. */
const jsonb: Encode = (value) => {
  const encoded = jsonText(value);
  if (encoded === undefined) return refused;
  return encoded.includes('\\u') && /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/i.test(encoded) ? refused : encoded;
};

/** By the names PostgreSQL has for its types, lower case; what is not here is the server's to judge. */
const built: Readonly<Record<string, (args: readonly number[]) => Encode>> = {
  text: () => text,
  citext: () => text,
  varchar: textUpTo,
  'character varying': textUpTo,
  char: ([size = 1]) => textUpTo([size]),
  character: ([size = 1]) => textUpTo([size]),
  smallint: () => smallint,
  int2: () => smallint,
  integer: () => int,
  int: () => int,
  int4: () => int,
  bigint: () => bigint,
  int8: () => bigint,
  numeric,
  decimal: numeric,
  real: () => real,
  float4: () => real,
  'double precision': () => double,
  float8: () => double,
  boolean: () => boolean,
  bool: () => boolean,
  timestamptz: time,
  timestamp: time,
  'timestamp with time zone': time,
  'timestamp without time zone': time,
  date: () => day,
  uuid: () => uuid,
  inet: () => inet,
  json: () => json,
  jsonb: () => jsonb,
};
