import { parseClickHouseType } from '../connections/clickhouse-type.ts';
import type { Takes } from './column-takes.ts';

/** Types of PostgreSQL by what their values are. */
const families: Readonly<Record<string, readonly string[]>> = {
  integer: ['smallint', 'integer', 'bigint', 'int', 'int2', 'int4', 'int8', 'smallserial', 'serial', 'bigserial', 'oid'],
  number: ['decimal', 'numeric', 'dec', 'real', 'float', 'float4', 'float8', 'double precision', 'money'],
  text: ['text', 'varchar', 'character varying', 'char', 'character', 'bpchar', 'name', 'citext'],
  boolean: ['boolean', 'bool'],
  date: ['date'],
  time: ['timestamp', 'timestamptz', 'timestamp with time zone', 'timestamp without time zone'],
  clock: ['time', 'timetz', 'time with time zone', 'time without time zone', 'interval'],
  uuid: ['uuid'],
  address: ['inet', 'cidr'],
  json: ['json', 'jsonb'],
};

type Family = string;

/** What the texts of a ClickHouse type are to PostgreSQL: families that take all of them, and families that take some. */
const texts: readonly (readonly [type: RegExp, all: readonly Family[], some: readonly Family[]])[] = [
  [/^U?Int8$/, ['integer', 'number', 'boolean', 'text', 'json'], []],
  [/^U?Int\d+$/, ['integer', 'number', 'text', 'json'], ['boolean']],
  [/^(?:Float|BFloat|Decimal)/, ['number', 'text', 'json'], ['integer']],
  [/^Bool$/, ['boolean', 'text', 'json'], []],
  [/^(?:Fixed)?String$/, ['text', 'json', 'uuid', 'address'], ['integer', 'number', 'boolean', 'date', 'time', 'clock', 'array']],
  [/^Enum/, ['text', 'json'], []],
  [/^Date(?:32)?$/, ['date', 'time', 'text', 'json'], []],
  [/^DateTime/, ['date', 'time', 'clock', 'text', 'json'], []],
  [/^Time/, ['clock', 'text', 'json'], []],
  [/^UUID$/, ['uuid', 'text', 'json'], []],
  [/^IPv/, ['address', 'text', 'json'], []],
  [/^(?:Map|Tuple|Nested|JSON|Point|Ring|LineString|Polygon|MultiPolygon)$/, ['json', 'text'], []],
];

/** Whether a column of PostgreSQL takes what is exported of a ClickHouse type; `all` where one of the two is not known here. */
export function postgresTakes(clickHouseType: string, postgresType: string): Takes {
  const { name, args } = parseClickHouseType(clickHouseType);
  if (name === 'Nullable' || name === 'LowCardinality') return postgresTakes(args[0] ?? '', postgresType);
  if (name === 'SimpleAggregateFunction') return postgresTakes(args.at(-1) ?? '', postgresType);
  const family = familyOf(postgresType);
  if (family === null) return 'all';
  if (name === 'Array') {
    if (family === 'array') return elementTakes(args[0] ?? '', postgresType);
    return family === 'text' || family === 'json' ? 'all' : 'none';
  }
  const [, all = [], some = []] = texts.find(([type]) => type.test(name)) ?? [];
  if (all.length === 0 || all.includes(family)) return 'all';
  return some.includes(family) ? 'some' : 'none';
}

function elementTakes(element: string, postgresType: string): Takes {
  return /^Array\(/.test(element) ? 'all' : postgresTakes(element, postgresType.replace(/\s*\[\d*\]\s*$/, ''));
}

/** What the values of a type of PostgreSQL are; null for one that is not known here. */
export function familyOf(postgresType: string): Family | null {
  if (/\]\s*$/.test(postgresType)) return 'array';
  const name = postgresType
    .toLowerCase()
    .replaceAll(/\s*\([^()]*\)/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return Object.entries(families).find(([, types]) => types.includes(name))?.[0] ?? null;
}
