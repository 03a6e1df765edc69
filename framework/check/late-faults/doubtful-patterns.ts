import { explainSaid } from '../explain-fault.ts';
import { beforeBracket, isToken, type SqlToken } from '../sql-tokens.ts';
import type { Doubt } from './doubt.ts';

/** Patterns of `match` and LIKE, which ClickHouse reads when a row comes. */
export function doubtfulPatterns(tokens: readonly SqlToken[]): readonly Doubt[] {
  return tokens.flatMap((token, index) => {
    if (token.kind !== 'text') return [];
    const before = tokens[index - 1];
    const operator = isToken(before, 'regexp', 'rlike') ? 'regexp' : isToken(before, 'like', 'ilike') ? 'like' : null;
    const isOfMatch =
      isToken(before, ',') && isToken(tokens[index + 1], ')') && isToken(tokens[beforeBracket(tokens, index + 1) - 1], 'match');
    if (operator === null && !isOfMatch) return [];
    const statement = `select '' ${operator ?? 'regexp'} ${token.text}`;
    return [{ offset: token.start, statement, mistakeOf: (said) => ({ code: 'CHECK_SQL', sentence: explainSaid(said) }) }];
  });
}
