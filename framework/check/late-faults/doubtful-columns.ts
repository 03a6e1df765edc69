import { describeSelect } from '../relation-statements.ts';
import { afterBracket, isToken, type SqlToken } from '../sql-tokens.ts';
import type { Doubt } from './doubt.ts';

/** Names behind `* except` and `* replace`, and patterns of `columns(…)`: ClickHouse passes over those that mean no column. */
export function doubtfulColumns(sql: string, tokens: readonly SqlToken[]): readonly Doubt[] {
  return [...tokens.keys()].flatMap((index) => doubtfulTransformer(sql, tokens, index) ?? doubtfulPattern(sql, tokens, index) ?? []);
}

/** Asked by telling ClickHouse to be strict. */
function doubtfulTransformer(sql: string, tokens: readonly SqlToken[], index: number): Doubt | null {
  const [before, token, next] = [tokens[index - 1], tokens[index], tokens[index + 1]];
  if (!token || !next || !isToken(token, 'except', 'replace') || !isToken(before, '*', ')')) return null;
  const isList = isToken(next, '(') && !isToken(tokens[index + 2], 'select', 'with', '(');
  const isName = next.kind !== 'text' && !isToken(next, '(', 'strict', 'all', 'distinct', 'select');
  if (!isList && !isName) return null;
  const own = tokens.slice(index + 1, isList ? afterBracket(tokens, index + 1) : index + 2);
  const statement = describeSelect(`${sql.slice(0, token.end)} strict ${sql.slice(token.end)}`);
  return { offset: token.start, statement, mistakeOf: (said) => absentColumn(said, own) };
}

function absentColumn(said: string, own: readonly SqlToken[]): ReturnType<Doubt['mistakeOf']> {
  const [, names = ''] = /column transformer [\s\S]*? expects following column\(s\)\s*: (.*?)\. In scope/i.exec(said) ?? [];
  const [name] = names.split(', ');
  const at = own.findLast(({ value }) => value === name);
  if (name === undefined || !at) return null;
  return { code: 'CHECK_NAME_UNKNOWN', offset: at.start, sentence: `There is no column '${name}' among those that the star stands for` };
}

/** Asked for the first of the columns. */
function doubtfulPattern(sql: string, tokens: readonly SqlToken[], index: number): Doubt | null {
  const token = tokens[index];
  const last = tokens[index + 3];
  const isPattern =
    isToken(token, 'columns') && isToken(tokens[index + 1], '(') && tokens[index + 2]?.kind === 'text' && isToken(last, ')');
  if (!token || !last || !isPattern) return null;
  const start = isToken(tokens[index - 1], '.') ? (tokens[index - 2] ?? token).start : token.start;
  const variant = `${sql.slice(0, start)}tupleElement(tuple(${sql.slice(start, last.end)}), 1) ${sql.slice(last.end)}`;
  const mistake = {
    code: 'CHECK_NAME_UNKNOWN' as const,
    sentence: `${sql.slice(token.start, last.end)} stands for no column: the name of none matches it`,
  };
  return {
    offset: token.start,
    statement: describeSelect(variant),
    mistakeOf: (said) => (/Tuple doesn't have element with index '1'/.test(said) ? mistake : null),
  };
}
