/**
 * The only two functions that put a name or a text into SQL. Values go as parameters wherever the engine takes them;
 * `quoteText` is for the places where it does not (comments, settings, table functions).
 */
export type SqlDialect = 'clickhouse' | 'postgres';

/** `name` as an identifier, whatever it holds: quotes, spaces, unicode, reserved words. */
export function quoteName(name: string, dialect: SqlDialect): string {
  if (dialect === 'clickhouse') return `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;
  return `"${name.replaceAll('"', '""')}"`;
}

/** `text` as a string literal. */
export function quoteText(text: string, dialect: SqlDialect): string {
  if (dialect === 'clickhouse') return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const doubled = text.replaceAll("'", "''");
  return doubled.includes('\\') ? ` E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`;
}
