import { describeSelect } from '../relation-statements.ts';
import { afterBracket, isToken, type SqlToken } from '../sql-tokens.ts';
import type { Doubt } from './doubt.ts';

/**
 * Subqueries that read the model's own table, as `(select max(at) from {{this}})`: of a column that this does not have ClickHouse takes the
 * one of the query around. Asked by forbidding that, where a subquery holds a name that is none of the model's columns.
 */
export function doubtfulSubqueries(
  sql: string,
  tokens: readonly SqlToken[],
  own: { readonly database: string; readonly name: string },
  columns: ReadonlySet<string>,
): readonly Doubt[] {
  return tokens.flatMap((token, index) => {
    const isOwn = token.value === own.database && isToken(tokens[index + 1], '.') && tokens[index + 2]?.value === own.name;
    if (!isOwn || !isToken(tokens[index - 1], 'from')) return [];
    const opening = openingQuery(tokens, index);
    const end = opening < 0 ? -1 : afterBracket(tokens, opening) - 1;
    const first = tokens[opening];
    if (!first || isToken(tokens[opening - 1], 'from', 'join', 'as', ',')) return [];
    const inside = tokens.slice(opening + 1, end);
    if (!inside.some((word, at) => mayBeColumn(inside, at) && !columns.has(word.value))) return [];
    const statement = describeSelect(`select * from (${sql}\n) settings allow_experimental_correlated_subqueries = 0`);
    const mistakeOf: Doubt['mistakeOf'] = (said) => {
      const name = /^[\s\S]*Resolved identifier '(\w+)' in parent scope/.exec(said)?.[1];
      const at = inside.find(({ value }, place) => value === name && mayBeColumn(inside, place));
      if (name === undefined || !at) return null;
      const hint = 'The model has the columns that it returns: return it, or name another one.';
      return { code: 'CHECK_NAME_UNKNOWN', offset: at.start, sentence: `There is no column '${name}' in the model itself`, hint };
    };
    return [{ offset: first.start, statement, mistakeOf }];
  });
}

/** A word that is no part of a dotted name and no call. */
function mayBeColumn(tokens: readonly SqlToken[], index: number): boolean {
  const token = tokens[index];
  if (token?.kind !== 'word' && token?.kind !== 'quoted') return false;
  return !isToken(tokens[index - 1], '.', 'as') && !isToken(tokens[index + 1], '.', '(') && !isToken(token, ...keywords);
}

const keywords = [
  'select',
  'from',
  'where',
  'and',
  'or',
  'not',
  'interval',
  'day',
  'hour',
  'minute',
  'month',
  'week',
  'as',
  'final',
  'limit',
];

/** The bracket of the SELECT that a token stands in; -1 where it stands in none. */
function openingQuery(tokens: readonly SqlToken[], index: number): number {
  let depth = 0;
  for (let at = index; at >= 0; at--) {
    if (isToken(tokens[at], ')')) depth++;
    if (isToken(tokens[at], '(') && depth-- === 0) return isToken(tokens[at + 1], 'select') ? at : -1;
  }
  return -1;
}
