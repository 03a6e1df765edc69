import { quoteName } from '../../foundation/quote.ts';
import { isToken, type SqlToken, sqlTokens } from '../sql-tokens.ts';

/** The WITH expressions of a statement that are subqueries. */
export interface Ctes {
  readonly names: readonly string[];
  /** A SELECT of `columns` from one of them, with all that stands in its WITH and in those around it; null where there is none. */
  readonly select: (name: string, columns: string) => string | null;
}

/** Finds the `WITH name AS (…)` of a statement, at any depth; a name that is defined twice means the first. */
export function findCtes(sql: string): Ctes {
  const lists = withLists(sqlTokens(sql), sql);
  const names = [...new Set(lists.flatMap((list) => list.names))];
  return {
    names,
    select: (name, columns) => {
      const list = lists.find((candidate) => candidate.names.includes(name));
      if (!list) return null;
      const around = lists.filter((other) => other !== list && other.scope.start < list.start && list.start < other.scope.end);
      const heads = [...around, list].map(({ text }) => text);
      const recursive = [...around, list].some(({ isRecursive }) => isRecursive) ? 'recursive ' : '';
      return `with ${recursive}${heads.join(',\n')}\nselect ${columns} from ${quoteName(name, 'clickhouse')}`;
    },
  };
}

interface WithList {
  readonly names: readonly string[];
  /** What stands between WITH and the SELECT it belongs to. */
  readonly text: string;
  readonly isRecursive: boolean;
  readonly start: number;
  /** The brackets, or the whole statement, in which its names are known. */
  readonly scope: { readonly start: number; readonly end: number };
}

function withLists(tokens: readonly SqlToken[], sql: string): readonly WithList[] {
  const lists: WithList[] = [];
  for (const [index, token] of tokens.entries()) {
    if (!isToken(token, 'with') || !isListBegin(tokens, index)) continue;
    const isRecursive = isToken(tokens[index + 1], 'recursive');
    const first = index + (isRecursive ? 2 : 1);
    const end = listEnd(tokens, first);
    const start = tokens[first]?.start ?? token.end;
    const text = sql.slice(start, tokens[end]?.start ?? sql.length).trimEnd();
    lists.push({ names: namesIn(tokens.slice(first, end)), text, isRecursive, start, scope: scopeOf(tokens, index, sql.length) });
  }
  return lists;
}

/** Whether a WITH begins a list: not WITH TOTALS, WITH FILL, WITH TIES, nor a name `with`. */
function isListBegin(tokens: readonly SqlToken[], index: number): boolean {
  const before = tokens[index - 1];
  return (
    (before === undefined || isToken(before, '(', 'all', 'distinct', 'as', 'union', 'except', 'intersect')) &&
    !isToken(tokens[index + 1], '(', '.')
  );
}

/** The index of the token that the list's query begins with. */
function listEnd(tokens: readonly SqlToken[], first: number): number {
  let depth = 0;
  for (let index = first; index < tokens.length; index++) {
    if (isToken(tokens[index], '(', '[', '{')) depth++;
    if (isToken(tokens[index], ')', ']', '}')) depth--;
    if (depth < 0) return index;
    if (depth === 0 && isToken(tokens[index], 'select', 'from', 'insert') && !isToken(tokens[index - 1], '.')) return index;
  }
  return tokens.length;
}

/** Names before `as (select …)` that stand in the list itself, not in brackets of it. */
function namesIn(list: readonly SqlToken[]): readonly string[] {
  const names: string[] = [];
  let depth = 0;
  for (const [index, token] of list.entries()) {
    if (isToken(token, '(', '[', '{')) depth++;
    if (isToken(token, ')', ']', '}')) depth--;
    if (depth > 0 || !isToken(token, 'as')) continue;
    const name = nameBefore(list, index);
    const query = list[index + 1 + (isToken(list[index + 1], 'materialized') ? 1 : 0)];
    if (name && isToken(query, '(')) names.push(name);
  }
  return names;
}

/** The name before an AS, behind which its columns may stand in brackets: `t (a, b) as (…)`. */
function nameBefore(list: readonly SqlToken[], as: number): string | null {
  let index = as - 1;
  if (isToken(list[index], ')')) {
    while (index >= 0 && !isToken(list[index], '(')) index--;
    index--;
  }
  const name = list[index];
  const before = list[index - 1];
  const isAlone = before === undefined || isToken(before, ',');
  return name && isAlone && (name.kind === 'word' || name.kind === 'quoted') ? name.value : null;
}

/** The brackets around a token, from the first character to the last. */
function scopeOf(tokens: readonly SqlToken[], index: number, length: number): WithList['scope'] {
  let depth = 0;
  let start = -1;
  for (let at = index - 1; at >= 0 && start < 0; at--) {
    if (isToken(tokens[at], ')')) depth++;
    else if (isToken(tokens[at], '(') && depth-- === 0) start = tokens[at]?.start ?? 0;
  }
  depth = 0;
  for (const token of tokens.slice(index)) {
    if (isToken(token, '(')) depth++;
    else if (isToken(token, ')') && depth-- === 0) return { start, end: token.end };
  }
  return { start, end: length };
}
