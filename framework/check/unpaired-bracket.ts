import type { Probe } from './place-fault.ts';
import { isToken, type SqlToken } from './sql-tokens.ts';

const most = 150;

/**
 * A bracket that is missing or too many, where SQL with it, or without it, can be read: ClickHouse stops where that shows, which is often far
 * from it.
 */
export async function unpairedBracket(
  sql: string,
  tokens: readonly SqlToken[],
  probe: Probe,
): Promise<{ readonly offset: number; readonly sentence: string } | null> {
  const closing = tokens.filter((token) => isToken(token, ')'));
  const excess = closing.length - tokens.filter((token) => isToken(token, '(')).length;
  if (excess === 1) {
    const places = closing.slice(0, most);
    const answers = await probe(places.map(({ start, end }) => sql.slice(0, start) + sql.slice(end)));
    const extra = places.findLast((_, index) => answers[index]?.kind === 'rows');
    return extra ? { offset: extra.start, sentence: 'A bracket is closed that nothing opens.' } : null;
  }
  if (excess !== -1) return null;
  const places = tokens.slice(0, most);
  const answers = await probe(places.map(({ end }) => `${sql.slice(0, end)})${sql.slice(end)}`));
  const index = answers.findIndex(({ kind }) => kind === 'rows');
  const last = places[index];
  if (!last) return null;
  const opening = openingBefore(tokens, index);
  const isQuery = isToken(tokens[opening + 1], 'select', 'with');
  return { offset: (isQuery ? tokens[opening] : last)?.start ?? last.start, sentence: 'A bracket that is opened is not closed.' };
}

/** The index of the last bracket that is opened, and not closed, up to a token. */
function openingBefore(tokens: readonly SqlToken[], index: number): number {
  let depth = 0;
  for (let at = index; at >= 0; at--) {
    if (isToken(tokens[at], ')')) depth++;
    if (isToken(tokens[at], '(') && depth-- === 0) return at;
  }
  return -1;
}
