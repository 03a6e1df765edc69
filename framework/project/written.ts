/** What a YAML file says of a node, as text, before the environment is filled in; by the node's id. */
export type Written = Readonly<Record<string, string>>;

/** Keys whose values may be secrets. */
const secretKey = /^(auth|proxy|tokens?)$|secret|token|passw|authorization|cookie|api[-_]?key/i;
/** Keys that change nothing that is run. */
const wordsOnly = new Set(['kind', 'name', 'enabled', 'description', 'tags', 'meta']);

/**
 * What tells declarations apart wherever they are read: of a source table the names in ClickHouse, of what is a file of its own all but
 * secrets and words for people. It holds `{{env "X"}}`, never a value of the environment. Nothing of other kinds of file.
 */
export function readWritten(value: unknown): Written {
  if (!isRecord(value) || typeof value.name !== 'string') return {};
  if (value.kind === 'source') return writtenTables(value.name, value);
  if (typeof value.kind !== 'string' || !ownFiles.has(value.kind)) return {};
  const said = Object.entries({ ...value, columns: withoutWords(value.columns) }).filter(([key]) => !wordsOnly.has(key));
  return { [`${value.kind}.${value.name}`]: canonicalText(Object.fromEntries(said)) };
}

const ownFiles: ReadonlySet<string> = new Set(['sync', 'sink', 'ingest', 'api', 'flow', 'schedule']);

function writtenTables(source: string, { database, tables }: Readonly<Record<string, unknown>>): Written {
  const named = (Array.isArray(tables) ? tables : []).filter(isRecord).filter(({ name }) => typeof name === 'string');
  return Object.fromEntries(
    named.map(({ name, identifier }) => [`source.${source}.${name}`, JSON.stringify([database ?? source, identifier ?? name])]),
  );
}

/** Columns, a list or a map by name, without their descriptions. */
function withoutWords(columns: unknown): unknown {
  if (Array.isArray(columns)) return columns.map(withoutDescription);
  if (!isRecord(columns)) return columns;
  return Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, withoutDescription(column)]));
}

function withoutDescription(column: unknown): unknown {
  if (!isRecord(column)) return column;
  const { description: _description, ...said } = column;
  return said;
}

/** JSON with the keys of every map in order, without what may be a secret. */
function canonicalText(value: unknown): string {
  return JSON.stringify(value, (key, item: unknown) => {
    if (secretKey.test(key)) return undefined;
    if (typeof item === 'string') return item.replaceAll(/:\/\/[^\s/@]*@/g, '://');
    return isRecord(item) ? Object.fromEntries(Object.entries(item).toSorted(([a], [b]) => (a < b ? -1 : 1))) : item;
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
