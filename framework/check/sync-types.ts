/** Types that PostgreSQL itself and its usual extensions have. */
const known = [
  ...['smallint', 'integer', 'bigint', 'int', 'int2', 'int4', 'int8', 'decimal', 'numeric', 'real', 'float', 'float4', 'float8'],
  ...['double precision', 'smallserial', 'serial', 'bigserial', 'money', 'boolean', 'bool', 'uuid', 'bytea', 'oid', 'bit', 'varbit'],
  ...['character varying', 'varchar', 'character', 'char', 'bpchar', 'text', 'name', 'citext', 'ltree', 'hstore', 'vector', 'halfvec'],
  ...['date', 'time', 'timetz', 'timestamp', 'timestamptz', 'interval', 'time with time zone', 'time without time zone'],
  ...['timestamp with time zone', 'timestamp without time zone', 'json', 'jsonb', 'jsonpath', 'xml', 'tsvector', 'tsquery'],
  ...['inet', 'cidr', 'macaddr', 'macaddr8', 'point', 'line', 'lseg', 'box', 'path', 'polygon', 'circle', 'geometry', 'geography'],
  ...['int4range', 'int8range', 'numrange', 'tsrange', 'tstzrange', 'daterange', 'bit varying', 'cube', 'regclass'],
];

/**
 * The type of PostgreSQL that a misspelt one was meant to be; undefined where the type is known, or nothing like it is: it may be one of the
 * user's own.
 */
export function meantType(written: string): string | undefined {
  const name = written
    .toLowerCase()
    .replaceAll(/\s*\([^()]*\)/g, '')
    .replaceAll(/(?:\s*\[\d*\])+$/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return known.includes(name) || name.length < 5 ? undefined : known.find((type) => isSlip(name, type));
}

/** Whether one letter is missing, too many, another one, or two have changed places. */
function isSlip(written: string, meant: string): boolean {
  let from = 0;
  while (from < written.length && written[from] === meant[from]) from++;
  let [a, b] = [written.length, meant.length];
  while (a > from && b > from && written[a - 1] === meant[b - 1]) [a, b] = [a - 1, b - 1];
  const [left, right] = [written.slice(from, a), meant.slice(from, b)];
  return (left.length <= 1 && right.length <= 1) || (left.length === 2 && left === [...right].reverse().join(''));
}
