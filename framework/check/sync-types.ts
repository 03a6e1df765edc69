import { mapType } from '../sync/map-type.ts';

/** Types that PostgreSQL itself and its usual extensions have. */
const known = [
  ...['smallint', 'integer', 'bigint', 'int', 'int2', 'int4', 'int8', 'decimal', 'numeric', 'real', 'float', 'float4', 'float8'],
  ...['double precision', 'smallserial', 'serial', 'bigserial', 'money', 'boolean', 'bool', 'uuid', 'bytea', 'oid', 'bit', 'varbit'],
  ...['character varying', 'varchar', 'character', 'char', 'bpchar', 'text', 'name', 'citext', 'ltree', 'hstore', 'vector', 'halfvec'],
  ...['date', 'time', 'timetz', 'timestamp', 'timestamptz', 'interval', 'time with time zone', 'time without time zone'],
  ...['timestamp with time zone', 'timestamp without time zone', 'json', 'jsonb', 'jsonpath', 'xml', 'tsvector', 'tsquery'],
  ...['inet', 'cidr', 'macaddr', 'macaddr8', 'point', 'line', 'lseg', 'box', 'path', 'polygon', 'circle', 'geometry', 'geography'],
  ...['int4range', 'int8range', 'numrange', 'tsrange', 'tstzrange', 'daterange', 'bit varying', 'cube', 'regclass', 'dec', 'nchar'],
];

/** What PostgreSQL does not take of a type. */
export interface TypeMistake {
  /** As in "which PostgreSQL does not have". */
  readonly said: string;
  readonly hint: string;
}

/** What is wrong with a type for PostgreSQL; null where nothing is, or nothing like it is known: it may be one of the user's own. */
export function typeMistake(written: string): TypeMistake | null {
  const unknown = (hint: string): TypeMistake => ({ said: 'which PostgreSQL does not have', hint });
  const pattern = /^\s*([^()[\]]+?)\s*(?:\(([^()]*)\)\s*([a-z ]*?))?\s*(?:\[\d*\]\s*)*$/i;
  const [, head = '', args, tail = ''] = pattern.exec(written) ?? [];
  const clickHouse = clickHouseNames.test(written.trim()) ? mapType(written.trim(), null) : null;
  if (clickHouse) return unknown(`That is a type of ClickHouse; PostgreSQL has ${clickHouse.type} for it.`);
  if (head === '') return { said: 'which is no type', hint: 'Write a type of PostgreSQL, such as numeric(12, 2).' };
  const name = `${head} ${tail}`.toLowerCase().replaceAll(/\s+/g, ' ').trim();
  if (known.includes(name)) return argumentMistake(name, args ?? null);
  const meant = meantType(name);
  if (meant !== undefined) return unknown(`Did you mean '${meant}'?`);
  const [first = ''] = name.split(' ');
  return first !== name && known.includes(first) ? { said: 'which is no type', hint: `'${first}' alone is one.` } : null;
}

/** Names that ClickHouse has and PostgreSQL does not. */
const clickHouseNames =
  /^(?:U?Int(?:8|16|32|64|128|256)|String|FixedString|Float(?:32|64)|DateTime(?:64)?|Date32|Decimal(?:32|64|128|256)|Enum(?:8|16)|IPv[46]|Nullable|LowCardinality|Array|Map|Tuple)(?:\(.*\))?$/;

/** Between what the numbers behind a type lie. */
const limits: readonly (readonly [names: readonly string[], least: number, most: number])[] = [
  [['numeric', 'decimal', 'dec'], 1, 1000],
  [['varchar', 'character varying', 'char', 'character', 'bpchar'], 1, 10_485_760],
  [['bit', 'varbit', 'bit varying'], 1, 83_886_080],
  [['timestamp', 'timestamptz', 'timestamp with time zone', 'timestamp without time zone', 'time', 'timetz'], 0, 6],
];

const withoutNumbers: ReadonlySet<string> = new Set([
  'integer',
  'bigint',
  'smallint',
  'int',
  'int4',
  'int8',
  'text',
  'boolean',
  'bool',
  'uuid',
  'date',
  'json',
  'jsonb',
  'real',
]);

function argumentMistake(name: string, args: string | null): TypeMistake | null {
  if (args === null) return null;
  if (withoutNumbers.has(name)) return { said: 'which PostgreSQL does not take', hint: `'${name}' has nothing in parentheses.` };
  const [, least = 0, most = 0] = limits.find(([names]) => names.includes(name)) ?? [];
  if (most === 0) return null;
  const [first = Number.NaN, ...more] = args.split(',').map(Number);
  const isScaled = least === 1 && most === 1000;
  if (first >= least && first <= most && more.length <= Number(isScaled) && more.every((scale) => Math.abs(scale) <= 1000)) return null;
  return {
    said: 'which PostgreSQL does not take',
    hint: `'${name}' takes ${least} to ${most}${isScaled ? ', and a scale behind it' : ''}.`,
  };
}

/** The type that a misspelt one was meant to be; undefined where nothing is like it. */
function meantType(name: string): string | undefined {
  const numbered = /^(int|float|serial)\d+$/.exec(name)?.[1];
  if (numbered !== undefined) return known.find((type) => isSlip(name, type));
  return known.find((type) => (name.length >= 5 || name.length !== type.length || isSwap(name, type)) && isSlip(name, type));
}

function isSwap(written: string, meant: string): boolean {
  return [...written].sort().join('') === [...meant].sort().join('');
}

/** Whether one letter is missing, too many, another one, or two have changed places. */
export function isSlip(written: string, meant: string): boolean {
  let from = 0;
  while (from < written.length && written[from] === meant[from]) from++;
  let [a, b] = [written.length, meant.length];
  while (a > from && b > from && written[a - 1] === meant[b - 1]) [a, b] = [a - 1, b - 1];
  const [left, right] = [written.slice(from, a), meant.slice(from, b)];
  return (left.length <= 1 && right.length <= 1) || (left.length === 2 && left === [...right].reverse().join(''));
}
