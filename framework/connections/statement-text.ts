/** What can be told from a statement's text without parsing SQL: its first word, and the clauses at its end. */

const blank = String.raw`(?:\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*`;
const firstWordPattern = new RegExp(`^${blank}(\\(|[a-z]+)`, 'i');

/** The first word of a statement in lower case, `(` for a bracketed SELECT; empty where there is none. */
export function firstWord(sql: string): string {
  return firstWordPattern.exec(sql)?.[1]?.toLowerCase() ?? '';
}

/** Whether a statement leaves its session different for the next one. */
export function changesSession(sql: string): boolean {
  return ['set', 'use', 'begin', 'commit', 'rollback'].includes(firstWord(sql)) || /\btemporary\b/i.test(sql);
}

/** Whether a statement gives rows back. */
export function isReading(sql: string): boolean {
  return ['select', 'with', 'from', '(', 'show', 'describe', 'desc', 'explain', 'exists', 'check', 'values'].includes(firstWord(sql));
}

/** Whether the result can be computed as it is read. */
export function isSelecting(sql: string): boolean {
  return ['select', 'with', 'from', '('].includes(firstWord(sql));
}

const formatClause = new RegExp(`\\bformat\\s+(\\w+)${blank};?${blank}$`, 'i');
const formatBeforeSettings = /\bformat\s+(\w+)\s+settings\b[^']*$/i;

/** The format a statement names at its end, or null. */
export function namedFormat(sql: string): string | null {
  return (formatClause.exec(sql) ?? formatBeforeSettings.exec(sql))?.[1] ?? null;
}

/** A statement without its FORMAT clause and the semicolon after it; its SETTINGS stay. */
export function withoutFormat(sql: string): string {
  return sql
    .replace(formatClause, '')
    .replace(formatBeforeSettings, (clause) => clause.replace(/^format\s+\w+\s+/i, ''))
    .replace(/;\s*$/, '');
}

/** Formats whose chunks concatenate: no header, no footer, no brackets around the rows. */
export const chunkFormats: ReadonlySet<string> = new Set([
  'CSV',
  'JSONCompactEachRow',
  'JSONCompactStringsEachRow',
  'JSONEachRow',
  'JSONLines',
  'JSONStringsEachRow',
  'LineAsString',
  'NDJSON',
  'Native',
  'RawBLOB',
  'RowBinary',
  'TSKV',
  'TSV',
  'TSVRaw',
  'TabSeparated',
  'TabSeparatedRaw',
]);

/** Text formats that the engine takes from memory, after the statement. */
export const inlineFormats: ReadonlySet<string> = new Set([
  'CSV',
  'CSVWithNames',
  'CSVWithNamesAndTypes',
  'JSONCompactEachRow',
  'JSONCompactEachRowWithNames',
  'JSONEachRow',
  'JSONLines',
  'NDJSON',
  'TSV',
  'TSVWithNames',
  'TSVWithNamesAndTypes',
  'TabSeparated',
  'TabSeparatedWithNames',
  'TabSeparatedWithNamesAndTypes',
]);

/** `INSERT INTO t (…) [SETTINGS …] FORMAT X` (or `VALUES`) as a statement that reads its rows from a file of the engine's machine. */
export function insertFrom(sql: string, path: string): { readonly sql: string; readonly format: string } {
  const match = /^([\s\S]*?)(\s+settings\s+(?:(?!\bformat\b)[\s\S])*?)?(?:\bformat\s+(\w+)|\bvalues)\s*;?\s*$/i.exec(sql);
  if (!match)
    throw new Error('Code: 62. DB::Exception: An INSERT with rows in the body ends with FORMAT and the name of one. (SYNTAX_ERROR)');
  const [, head = '', settings = '', format = 'Values'] = match;
  return {
    sql: `${head.trimEnd()} from infile '${path.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'${settings.trimEnd()} format ${format}`,
    format,
  };
}

/** Whether a statement is an INSERT whose rows stand elsewhere: it ends with its format. */
export function isBodyInsert(sql: string): boolean {
  const bare = sql.replaceAll(quotedOrComment, ' ');
  return firstWord(sql) === 'insert' && /\b(?:format\s+\w+|values)\s*;?\s*$/i.test(bare) && !/\bselect\b[\s\S]*\bformat\b/i.test(bare);
}

const quotedOrComment = /\/\*[\s\S]*?\*\/|`(?:[^`\\]|\\.)*`|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/g;

/** An INSERT and the rows that follow it after a line break, in one body; null if the body is anything else. */
export function splitInsert(body: Buffer): { readonly sql: string; readonly rest: Buffer } | null {
  const text = body.subarray(0, 1 << 16).toString('latin1');
  const head = /^[\s\S]*?\bformat\s+\w+[ \t]*;?[ \t]*(?:\r?\n|$)/i.exec(text)?.[0];
  if (head === undefined || !isBodyInsert(head)) return null;
  return { sql: body.subarray(0, head.length).toString('utf8').trimEnd(), rest: body.subarray(head.length) };
}
