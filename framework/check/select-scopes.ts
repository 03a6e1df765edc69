import { afterBracket, isToken, type SqlToken, sqlTokens } from './sql-tokens.ts';

/** A part of a SELECT, from its first character to the one behind its last. */
export interface SqlSpan {
  readonly start: number;
  readonly end: number;
}

/** One expression of a SELECT's list, or of the WITH in front of it. */
export interface ScopeItem extends SqlSpan {
  /** The name that the expression gets; null where none is written down, or several columns come of it. */
  readonly name: string | null;
  readonly isStar: boolean;
  /** Whether it is a column as it stands, so that a slip in it is one in the name that it gets too. */
  readonly isBare: boolean;
  /** Names and words in it. */
  readonly words: ReadonlySet<string>;
}

/** What follows a keyword, up to the next one. */
export interface ScopeClause {
  readonly keyword: string;
  /** With its keyword. */
  readonly whole: SqlSpan;
  /** Without it. */
  readonly body: SqlSpan;
}

/** One SELECT, nested ones apart. */
export interface SelectScope {
  /** How many brackets it stands in. */
  readonly depth: number;
  /** The SELECT whose names its columns get: itself, or the first of its union. */
  readonly first: SelectScope | null;
  readonly items: readonly ScopeItem[];
  readonly withItems: readonly ScopeItem[];
  /** Of ARRAY JOIN. */
  readonly arrayItems: readonly ScopeItem[];
  /** Of GROUP BY. */
  readonly keyItems: readonly ScopeItem[];
  readonly clauses: readonly ScopeClause[];
}

interface OpenScope {
  readonly depth: number;
  readonly first: SelectScope | null;
  readonly items: ScopeItem[];
  readonly withItems: ScopeItem[];
  readonly arrayItems: ScopeItem[];
  readonly keyItems: ScopeItem[];
  readonly clauses: ScopeClause[];
}

const keywords = [
  'with',
  'select',
  'from',
  'on',
  'prewhere',
  'where',
  'group',
  'having',
  'window',
  'qualify',
  'order',
  'limit',
  'offset',
  'settings',
  'union',
  'intersect',
  'join',
  'using',
  'array',
  'left',
  'right',
  'inner',
  'full',
  'cross',
  'any',
  'asof',
  'global',
  'semi',
  'anti',
];

/** Every SELECT of `sql`, with what is written in each. */
export function selectScopes(sql: string): readonly SelectScope[] {
  const tokens = sqlTokens(sql);
  const scopes: SelectScope[] = [];
  readLevel(tokens, 0, tokens.length, 0, scopes);
  return scopes;
}

/** Reads what stands between two brackets, and in the brackets there. */
function readLevel(tokens: readonly SqlToken[], from: number, to: number, depth: number, scopes: SelectScope[]): void {
  const marks = marksOf(tokens, from, to, depth, scopes);
  let scope: OpenScope | null = null;
  let first: SelectScope | null = null;
  let withItems: readonly ScopeItem[] = [];
  for (const [at, mark] of marks.entries()) {
    const keyword = tokens[mark]?.text.toLowerCase() ?? '';
    const end = marks[at + 1] ?? to;
    if (keyword === 'with' && (scope === null || scope.clauses.at(-1)?.keyword === 'union')) withItems = itemsOf(tokens, mark + 1, end);
    else if (keyword === 'select') {
      const items = itemsOf(tokens, mark + 1, end);
      const open: OpenScope = { depth, first, items: [...items], withItems: [...withItems], arrayItems: [], keyItems: [], clauses: [] };
      scope = open;
      first ??= open;
      scopes.push(open);
      withItems = [];
    } else if (scope) {
      if (keyword === 'join' && isToken(tokens[marks[at - 1] ?? 0], 'array')) scope.arrayItems.push(...itemsOf(tokens, mark + 1, end));
      if (keyword === 'group') scope.keyItems.push(...itemsOf(tokens, mark + 2, end));
      scope.clauses.push(clauseOf(keyword, tokens, mark, end));
    }
  }
}

/** The keywords of this level, by their index; what stands in brackets is read as a level of its own. */
function marksOf(tokens: readonly SqlToken[], from: number, to: number, depth: number, scopes: SelectScope[]): readonly number[] {
  const marks: number[] = [];
  for (let at = from; at < to; at++) {
    if (isToken(tokens[at], '(', '[')) {
      const after = Math.min(afterBracket(tokens, at), to);
      readLevel(tokens, at + 1, after - 1, depth + 1, scopes);
      at = after - 1;
    } else if (isToken(tokens[at], ...keywords) && !isToken(tokens[at - 1], '.', 'as') && !isCall(tokens, at)) marks.push(at);
  }
  return marks;
}

/** `left(name, 3)` is a function, and `on (a = b)` is none. */
function isCall(tokens: readonly SqlToken[], at: number): boolean {
  return isToken(tokens[at + 1], '(') && isToken(tokens[at], 'left', 'right', 'any', 'array', 'window', 'offset');
}

function clauseOf(keyword: string, tokens: readonly SqlToken[], mark: number, end: number): ScopeClause {
  const body = isToken(tokens[mark + 1], 'by') ? mark + 2 : mark + 1;
  return { keyword, whole: spanOf(tokens, mark, end), body: spanOf(tokens, Math.min(body, end - 1), end) };
}

function itemsOf(tokens: readonly SqlToken[], from: number, to: number): readonly ScopeItem[] {
  const items: ScopeItem[] = [];
  let start = isToken(tokens[from], 'distinct') ? from + 1 : from;
  for (let at = start; at <= to; at++) {
    if (at < to && isToken(tokens[at], '(', '[')) at = Math.min(afterBracket(tokens, at), to) - 1;
    else if (at === to || isToken(tokens[at], ',')) {
      if (at > start) items.push(itemOf(tokens.slice(start, at)));
      start = at + 1;
    }
  }
  return items;
}

function itemOf(tokens: readonly SqlToken[]): ScopeItem {
  const [first, last] = [tokens[0] as SqlToken, tokens.at(-1) as SqlToken];
  const isName = last.kind === 'word' || last.kind === 'quoted';
  const isStar =
    tokens.some((token, index) => isToken(token, '*') && (index === 0 || isToken(tokens[index - 1], '.'))) || isToken(first, 'columns');
  const words = new Set(tokens.flatMap(({ kind, value }) => (kind === 'word' || kind === 'quoted' ? [value] : [])));
  const isBare = isName && tokens.every((token, index) => (index % 2 === 0 ? token.kind !== 'sign' : isToken(token, '.')));
  return { start: first.start, end: last.end, name: isName && !isStar ? last.value : null, isStar, isBare, words };
}

function spanOf(tokens: readonly SqlToken[], from: number, to: number): SqlSpan {
  return { start: tokens[from]?.start ?? 0, end: tokens[to - 1]?.end ?? 0 };
}
