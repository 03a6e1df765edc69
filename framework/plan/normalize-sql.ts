/** Quoted text, quoted names, comments, space, heredocs, words and numbers, and single characters of ClickHouse SQL. */
const token =
  /'(?:[^'\\]+|\\[\s\S]|'')*'?|"(?:[^"\\]+|\\[\s\S]|"")*"?|`(?:[^`\\]+|\\[\s\S]|``)*`?|--[^\n]*|#[ !][^\n]*|\/\*[\s\S]*?(?:\*\/|$)|\s+|\$(\w*)\$[\s\S]*?\$\1\$|\d[\w.]*|[A-Za-z_][\w$]*|[^\x20-\x7e\s]+|[\s\S]/g;
const word = /^[A-Za-z_][\w$]*$/;

/** Words that are nothing but keywords. Names that look like them stand in quotes, behind `as`, or beside a dot. */
const keywords = wordsOf(
  `select distinct from where prewhere group by having qualify order limit offset with recursive materialized as on using join left right inner
   outer cross full any all asof semi anti global paste union except intersect and or not in is null like ilike between case when then else end
   cast interval asc desc nulls final sample settings over partition unbounded preceding following exists true false cube rollup grouping sets`,
);

/** Words that are keywords behind one of these words, or before one, and else may be names. */
const keywordsInPlace: ReadonlyMap<string, Neighbours> = new Map(
  Object.entries({
    first: { behind: ['nulls'] },
    last: { behind: ['nulls'] },
    rows: { before: ['between', 'unbounded', 'current'] },
    range: { before: ['between', 'unbounded', 'current'] },
    current: { before: ['row'] },
    row: { behind: ['current'] },
    array: { before: ['join'] },
    fill: { behind: ['with'] },
    ties: { behind: ['with'] },
    totals: { behind: ['with'] },
  }),
);

interface Neighbours {
  readonly behind?: readonly string[];
  readonly before?: readonly string[];
}

/** Words that are keywords behind `interval` and a number. */
const units = wordsOf('second minute hour day week month quarter year');

/**
 * SQL as far as it decides what is run: one form for whatever white space, comments, quotes around plain names and letter case of keywords
 * a text is written with. Literals, numbers and names are kept as they are. Text of a template is taken for SQL as well.
 * A name out of `environment` that qualifies another name (`dev_db.orders`) is the same as any other.
 */
export function normalizeSql(sql: string, environment: ReadonlySet<string> = new Set()): string {
  const tokens = (sql.match(token) ?? []).filter(isNoBlank).map(plainName);
  return tokens.map((text, at) => (word.test(text) ? normalWord(text, tokens, at, environment) : text)).join(' ');
}

function isNoBlank(text: string): boolean {
  const first = text.charAt(0);
  if (first === '-' || first === '/' || first === '#') return text.length === 1;
  return first > ' ' && first.trim() !== '';
}

/** A quoted name without its quotes where it could stand without them. */
function plainName(text: string): string {
  if (!text.startsWith('"') && !text.startsWith('`')) return text;
  const name = text.slice(1, -1);
  return word.test(name) && !mayBeKeyword(name.toLowerCase()) ? name : `\`${name}\``;
}

function mayBeKeyword(lower: string): boolean {
  return keywords.has(lower) || keywordsInPlace.has(lower) || units.has(lower);
}

function normalWord(text: string, tokens: readonly string[], at: number, environment: ReadonlySet<string>): string {
  if (tokens[at + 1] === '.' && environment.has(text)) return '{environment}';
  const lower = text.toLowerCase();
  return lower !== text && mayBeKeyword(lower) && isKeyword(lower, tokens, at) ? lower : text;
}

function isKeyword(lower: string, tokens: readonly string[], at: number): boolean {
  const [previous, next] = [tokens[at - 1]?.toLowerCase() ?? '', tokens[at + 1]?.toLowerCase() ?? ''];
  if (previous === '.' || next === '.') return false;
  if (keywords.has(lower)) return previous !== 'as' || next === '(' || lower === 'materialized';
  if (units.has(lower)) return tokens[at - 2]?.toLowerCase() === 'interval';
  const { behind = [], before = [] } = keywordsInPlace.get(lower) ?? {};
  return behind.includes(previous) || before.includes(next);
}

function wordsOf(text: string): ReadonlySet<string> {
  return new Set(text.split(/\s+/));
}
