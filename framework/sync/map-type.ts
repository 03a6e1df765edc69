import { type ClickHouseType, parseClickHouseType } from '../connections/clickhouse-type.ts';

/** What a ClickHouse column becomes in PostgreSQL. */
export interface MappedType {
  /** e.g. `numeric(20)`. */
  readonly type: string;
  readonly nullable: boolean;
  /** An expression whose TabSeparated text is what COPY reads for this type. */
  readonly copySql: (column: string) => string;
  /** An expression whose JSON is what a JSON object of the row holds. */
  readonly jsonSql: (column: string) => string;
}

const plainTypes: Readonly<Record<string, string>> = {
  Int8: 'smallint',
  Int16: 'smallint',
  Int32: 'integer',
  Int64: 'bigint',
  Int128: 'numeric(39)',
  Int256: 'numeric(78)',
  UInt8: 'smallint',
  UInt16: 'integer',
  UInt32: 'bigint',
  UInt64: 'numeric(20)',
  UInt128: 'numeric(39)',
  UInt256: 'numeric(78)',
  Float32: 'real',
  Float64: 'double precision',
  BFloat16: 'real',
  Bool: 'boolean',
  String: 'text',
  FixedString: 'text',
  UUID: 'uuid',
  Date: 'date',
  Date32: 'date',
  DateTime: 'timestamptz',
  DateTime64: 'timestamptz',
  Enum8: 'text',
  Enum16: 'text',
  IPv4: 'inet',
  IPv6: 'inet',
  Time: 'interval',
  Time64: 'interval',
};

const jsonTypes = new Set([
  'Map',
  'Tuple',
  'Nested',
  'JSON',
  'Variant',
  'Dynamic',
  'Point',
  'Ring',
  'LineString',
  'Polygon',
  'MultiPolygon',
]);

/**
 * The PostgreSQL type of a ClickHouse type, and how ClickHouse renders its values for COPY; null for one that has none.
 * `declared` is the type the sync names, which decides between an array's literal and its JSON.
 */
export function mapType(clickHouseType: string, declared: string | null): MappedType | null {
  const { type, nullable } = unwrap(clickHouseType);
  const wantsJson = declared !== null && /^jsonb?$/i.test(declared.trim()) && type.name !== 'String';
  const mapped = wantsJson ? asJson() : mapPlain(type);
  return mapped && { ...mapped, type: declared ?? mapped.type, nullable };
}

type PlainMapping = Omit<MappedType, 'nullable'>;

function mapPlain(type: ClickHouseType): PlainMapping | null {
  if (type.name === 'Array') return mapArray(type.args[0] ?? '');
  if (jsonTypes.has(type.name)) return asJson();
  if (type.name === 'Decimal') return asIs(`numeric(${type.args.join(', ')})`);
  if (type.name === 'FixedString') return { type: 'text', copySql: withoutPadding, jsonSql: withoutPadding };
  const plain = plainTypes[type.name];
  return plain === undefined ? null : asIs(plain);
}

function asIs(type: string): PlainMapping {
  return { type, copySql: (column) => column, jsonSql: (column) => column };
}

function asJson(): PlainMapping {
  return { type: 'jsonb', copySql: (column) => `if(isNull(${column}), null, toJSONString(${column}))`, jsonSql: (column) => column };
}

/** A one-dimensional array is PostgreSQL's; one of arrays, whose rows may differ in length, is JSON. */
function mapArray(elementType: string): PlainMapping | null {
  const { type } = unwrap(elementType);
  if (type.name === 'Array' || jsonTypes.has(type.name)) return asJson();
  const element = mapPlain(type);
  if (element === null) return null;
  const quoted = `concat('"', replaceAll(replaceAll(${elementText(type, 'x')}, '\\\\', '\\\\\\\\'), '"', '\\\\"'), '"')`;
  return {
    type: `${element.type}[]`,
    copySql: (column) => `concat('{', arrayStringConcat(arrayMap(x -> ifNull(${quoted}, 'NULL'), ${column}), ','), '}')`,
    jsonSql: (column) => column,
  };
}

function elementText(type: ClickHouseType, element: string): string {
  if (type.name === 'FixedString') return withoutPadding(element);
  if (type.name.startsWith('DateTime')) return `concat(toString(toTimeZone(${element}, 'UTC')), 'Z')`;
  return `toString(${element})`;
}

/** The zero bytes that ClickHouse fills a FixedString up with. One within the text stays and is refused by PostgreSQL. */
function withoutPadding(column: string): string {
  return `trimRight(toString(${column}), '\\0')`;
}

/** The type itself, without what only says how it is stored. */
function unwrap(text: string): { type: ClickHouseType; nullable: boolean } {
  const type = parseClickHouseType(text);
  if (type.name === 'Nullable') return { ...unwrap(type.args[0] ?? ''), nullable: true };
  if (type.name === 'LowCardinality') return unwrap(type.args[0] ?? '');
  if (type.name === 'SimpleAggregateFunction') return unwrap(type.args.at(-1) ?? '');
  return { type, nullable: false };
}
