import { explainSaid } from '../explain-fault.ts';
import { isToken, type SqlToken } from '../sql-tokens.ts';
import type { Doubt } from './doubt.ts';

/** Clauses whose types ClickHouse compares when it begins to read: WITH FILL, and frames of windows by range. */
export function doubtfulClauses(sql: string, tokens: readonly SqlToken[]): readonly Doubt[] {
  const doubts = [
    {
      place: tokens.find((token, index) => isToken(token, 'fill') && isToken(tokens[index - 1], 'with')),
      complaint: /WITH FILL|Sort FILL/,
    },
    { place: tokens.find((token, index) => isToken(token, 'range') && isToken(tokens[index + 1], 'between')), complaint: /RANGE OFFSET/ },
  ];
  return doubts.flatMap(({ place, complaint }) => {
    if (!place) return [];
    const mistakeOf: Doubt['mistakeOf'] = (said) => (complaint.test(said) ? { code: 'CHECK_TYPE', sentence: sentenceOf(said) } : null);
    return [{ offset: place.start, statement: `explain pipeline\n${sql}`, mistakeOf }];
  });
}

function sentenceOf(said: string): string {
  return explainSaid(said).replace(/'DB::Column(\w+)(?:<.*>)?'/, '$1');
}
