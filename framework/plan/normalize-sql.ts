/** Quoted text and heredocs, quoted names, comments and space, numbers, words, and single characters of ClickHouse SQL. */
const token =
  /(?<text>'(?:[^'\\]+|\\[\s\S]|'')*'?|\$(?<tag>\w*)\$[\s\S]*?\$\k<tag>\$)|(?<name>"(?:[^"\\]+|\\[\s\S]|"")*"?|`(?:[^`\\]+|\\[\s\S]|``)*`?)|(?<blank>--[^\n]*|#[ !][^\n]*|\/\*[\s\S]*?(?:\*\/|$)|\s+)|(?<number>\d[\w.]*)|(?<word>[\p{L}_$][\p{L}\p{N}_$]*)|[\s\S]/gu;

/** Words that are nothing but keywords. Names that look like them stand in quotes, behind `as`, or beside a dot. */
const keywords = wordsOf(
  `select distinct from where prewhere group by having qualify order limit offset with recursive materialized as on using join left right inner
   outer cross full any all asof semi anti global paste union except intersect and or not in is null like ilike between case when then else end
   cast interval asc desc nulls final sample settings over partition unbounded preceding following exists true false cube rollup grouping sets`,
);

/** Words that are keywords behind one of these words, or before one, and else may be names. */
const keywordsInPlace: ReadonlyMap<string, { readonly behind?: string; readonly before?: string }> = new Map(
  Object.entries({
    first: { behind: 'nulls' },
    last: { behind: 'nulls' },
    rows: { before: 'between unbounded current' },
    range: { before: 'between unbounded current' },
    current: { before: 'row' },
    row: { behind: 'current' },
    array: { before: 'join' },
    fill: { behind: 'with' },
    ties: { behind: 'with' },
    totals: { behind: 'with' },
  }),
);

/** Words that are keywords behind `interval` and a number. */
const units = wordsOf('second minute hour day week month quarter year');

/**
 * SQL as far as it decides what is run: one form for whatever white space, comments, quotes around plain names and letter case of keywords
 * a text is written with. Literals, numbers and names are kept as they are. Text of a template is taken for SQL as well.
 * A name out of `environment` that qualifies another name (`dev_db.orders`) is the same as any other.
 */
export function normalizeSql(sql: string, environment: ReadonlySet<string> = new Set()): string {
  const tokens = [...sql.matchAll(token)].flatMap(({ 0: text, groups }): Token[] => {
    if (groups?.blank !== undefined) return [];
    if (groups?.name !== undefined) return [{ kind: 'name', text: plainName(text) }];
    return [{ kind: groups?.word === undefined ? 'other' : 'word', text }];
  });
  return tokens.map(({ kind, text }, at) => textOf(kind, text, tokens, at, environment)).join(' ');
}

interface Token {
  readonly kind: 'word' | 'name' | 'other';
  readonly text: string;
}

function textOf(kind: Token['kind'], text: string, tokens: readonly Token[], at: number, environment: ReadonlySet<string>): string {
  if (kind === 'other') return text;
  const next = tokens[at + 1];
  if (next?.text === '.' && environment.has(text)) return '{environment}';
  return kind === 'word' && isKeyword(text, tokens[at - 1], next, tokens[at - 2]) ? text.toLowerCase() : text;
}

function isKeyword(text: string, previous: Token | undefined, next: Token | undefined, beforePrevious: Token | undefined): boolean {
  if (previous?.text === '.' || next?.text === '.') return false;
  const word = text.toLowerCase();
  if (keywords.has(word)) return !isWord(previous, 'as') || next?.text === '(' || word === 'materialized';
  if (units.has(word)) return isWord(beforePrevious, 'interval');
  const { behind = '', before = '' } = keywordsInPlace.get(word) ?? {};
  return isWord(previous, behind) || isWord(next, before);
}

/** Whether a token is one of these words, in whatever case. */
function isWord(token: Token | undefined, words: string): boolean {
  return token?.kind === 'word' && words.split(' ').includes(token.text.toLowerCase());
}

/** A quoted name without its quotes where it could stand without them. */
function plainName(quoted: string): string {
  const name = quoted.slice(1, -1);
  const word = name.toLowerCase();
  const isPlain = /^[\p{L}_][\p{L}\p{N}_]*$/u.test(name) && !keywords.has(word) && !keywordsInPlace.has(word) && !units.has(word);
  return isPlain ? name : `\`${name}\``;
}

function wordsOf(text: string): ReadonlySet<string> {
  return new Set(text.split(/\s+/));
}
