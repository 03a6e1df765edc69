/** A word, name, number, text or sign of SQL, and where it stands. Comments and space are none. */
export interface SqlToken {
  readonly kind: 'word' | 'quoted' | 'number' | 'text' | 'sign';
  /** As it stands. */
  readonly text: string;
  /** A name without its quotes; what stands in a text; else the same as `text`. */
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

const pattern =
  /(?<space>\s+|--[^\n]*|#[ !][^\n]*|\/\*[\s\S]*?(?:\*\/|$))|(?<text>'(?:[^'\\]|\\[\s\S]|'')*'?|\$(?<tag>\w*)\$[\s\S]*?\$\k<tag>\$)|(?<quoted>`(?:[^`\\]|\\[\s\S]|``)*`?|"(?:[^"\\]|\\[\s\S]|"")*"?)|(?<number>0[xX][\da-fA-F]+|\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w$]))|(?<word>[\p{L}_\d][\p{L}\p{N}_$]*)|(?<sign>::|<=>|<=|>=|<>|!=|==|\|\||->|[\s\S])/gu;

/** The tokens of `sql` in order. */
export function sqlTokens(sql: string): readonly SqlToken[] {
  const tokens: SqlToken[] = [];
  for (const match of sql.matchAll(pattern)) {
    const { space, text, quoted, number, word } = match.groups ?? {};
    if (space !== undefined) continue;
    const kind =
      text !== undefined
        ? 'text'
        : quoted !== undefined
          ? 'quoted'
          : number !== undefined
            ? 'number'
            : word !== undefined
              ? 'word'
              : 'sign';
    const [raw] = match;
    const value = kind === 'quoted' || kind === 'text' ? unquoted(raw) : raw;
    tokens.push({ kind, text: raw, value, start: match.index, end: match.index + raw.length });
  }
  return tokens;
}

function unquoted(raw: string): string {
  const quote = raw.charAt(0);
  if (quote === '$') return raw.replaceAll(/^\$\w*\$|\$\w*\$$/g, '');
  return raw
    .slice(1, -1)
    .replaceAll(/\\([\s\S])/g, '$1')
    .replaceAll(quote + quote, quote);
}

/** Whether the token is this keyword or sign, in letters of any case. */
export function isToken(token: SqlToken | undefined, ...texts: readonly string[]): boolean {
  return token !== undefined && (token.kind === 'word' || token.kind === 'sign') && texts.includes(token.text.toLowerCase());
}

/** The index behind the bracket that closes the one at `index`; the end where none does. */
export function afterBracket(tokens: readonly SqlToken[], index: number): number {
  let depth = 0;
  for (let at = index; at < tokens.length; at++) {
    if (isToken(tokens[at], '(', '[')) depth++;
    if (isToken(tokens[at], ')', ']')) depth--;
    if (depth === 0) return at + 1;
  }
  return tokens.length;
}

/** The index of the bracket that opens what the one at `index` closes; -1 where none does. */
export function beforeBracket(tokens: readonly SqlToken[], index: number): number {
  let depth = 0;
  for (let at = index; at >= 0; at--) {
    if (isToken(tokens[at], ')', ']')) depth++;
    if (isToken(tokens[at], '(', '[')) depth--;
    if (depth === 0) return at;
  }
  return -1;
}
