/** A statement of a script: from its first character that is no space or comment to the last one before its `;`. */
export interface StatementRange {
  readonly start: number;
  readonly end: number;
}

/** Quoted text, quoted names, heredocs and comments of ClickHouse SQL; `;` inside them ends nothing. A `$` inside a word begins no heredoc. */
const token =
  /'(?:[^'\\]+|\\[\s\S]|'')*'?|"(?:[^"\\]+|\\[\s\S]|"")*"?|`(?:[^`\\]+|\\[\s\S]|``)*`?|--[^\n]*|#[ !][^\n]*|\/\*[\s\S]*?(?:\*\/|$)|;|\s+|\$(\w*)\$[\s\S]*?\$\1\$|(?:[^\s'"`;#/$-]|(?<=[\w$])\$)+|[\s\S]/g;

/** The statements of `sql`, without empty ones. */
export function findStatements(sql: string): StatementRange[] {
  const statements: StatementRange[] = [];
  let start = -1;
  let end = -1;
  for (const { 0: text, index } of sql.matchAll(token)) {
    if (text === ';') {
      if (start >= 0) statements.push({ start, end });
      start = -1;
    } else if (!isBlank(text)) {
      if (start < 0) start = index;
      end = index + text.length;
    }
  }
  if (start >= 0) statements.push({ start, end });
  return statements;
}

/** The one statement of `sql` with the comments around it, without the `;` that ends it. */
export function withoutTerminator(sql: string): string {
  return rangesWithoutTerminator(sql)
    .map(({ start, end }) => sql.slice(start, end))
    .join('');
}

/** The parts of `sql` that `withoutTerminator` keeps, in order. */
export function rangesWithoutTerminator(sql: string): readonly StatementRange[] {
  const last = findStatements(sql).at(-1);
  const rest = last ? sql.slice(last.end) : '';
  const semicolon = [...rest.matchAll(token)].find(({ 0: text }) => text === ';');
  if (!last || !semicolon) return [trimmed(sql, 0, sql.length)];
  const at = last.end + semicolon.index;
  const tail = { start: at + 1, end: sql.trimEnd().length };
  return tail.start >= tail.end ? [trimmed(sql, 0, at)] : [{ start: trimmed(sql, 0, at).start, end: at }, tail];
}

function trimmed(sql: string, from: number, to: number): StatementRange {
  const text = sql.slice(from, to);
  return { start: from + text.length - text.trimStart().length, end: from + text.trimEnd().length };
}

function isBlank(text: string): boolean {
  return /^\s/.test(text) || text.startsWith('--') || text.startsWith('/*') || /^#[ !]/.test(text);
}
