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
  const last = findStatements(sql).at(-1);
  if (!last) return sql.trim();
  const rest = sql.slice(last.end);
  const semicolon = [...rest.matchAll(token)].find(({ 0: text }) => text === ';');
  return (semicolon ? sql.slice(0, last.end) + rest.slice(0, semicolon.index) + rest.slice(semicolon.index + 1) : sql).trim();
}

function isBlank(text: string): boolean {
  return /^\s/.test(text) || text.startsWith('--') || text.startsWith('/*') || /^#[ !]/.test(text);
}
