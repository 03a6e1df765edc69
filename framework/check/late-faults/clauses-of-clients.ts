import { isToken, sqlTokens } from '../sql-tokens.ts';
import type { PlacedMistake } from './doubt.ts';

/** What tells a client how to print rows or where to write them: a model's rows are stored. */
export function clausesOfClients(sql: string): readonly PlacedMistake[] {
  if (!/\b(?:format\s+\w|into\s+outfile\b)/i.test(sql)) return [];
  const tokens = sqlTokens(sql);
  const into = tokens.find((token, index) => isToken(token, 'into') && isToken(tokens[index + 1], 'outfile'));
  const isLast = tokens.at(-1)?.kind === 'word' && !isToken(tokens.at(-3), 'select', 'as', ',', '.', 'by', 'distinct');
  const format = isLast && isToken(tokens.at(-2), 'format') ? tokens.at(-2) : undefined;
  return [into, format].flatMap((token) => {
    if (!token) return [];
    const clause = token === into ? 'INTO OUTFILE' : 'FORMAT';
    const sentence = `${clause} is for clients that print rows, and the rows of a model are stored`;
    return [{ code: 'CHECK_SQL' as const, offset: token.start, sentence, hint: 'Leave it out.' }];
  });
}
