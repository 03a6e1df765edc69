import { closest } from '../foundation/closest.ts';
import { isToken, type SqlToken } from './sql-tokens.ts';

/**
 * ClickHouse stops at the first token that cannot follow. Where a new line begins with it and a comma could have come before, the comma is
 * missing at the end of the line above, unless the token is a misspelt clause.
 */
export function syntaxOffset(offset: number, said: string, tokens: readonly SqlToken[]): number {
  const index = tokens.findIndex(({ end }) => end > offset);
  const token = tokens[index];
  const before = tokens[index - 1];
  if (!token) return tokens.at(-1)?.start ?? 0;
  if (!before) return token.start;
  const open = tokens.find(({ kind, text, start }) => (kind === 'text' || kind === 'quoted') && text.includes('\n') && start <= offset);
  if (open && token.text.charAt(0) === open.text.charAt(0)) return open.start; // a quote that is not closed runs on to the next one
  const earlier = tokens[index - 2];
  if (isToken(token, 'by') && isToken(before, 'group', 'order', 'partition') && isUnfinished(earlier)) return earlier?.start ?? token.start;
  if (earlier && isToken(before, 'all', 'by', 'join', 'distinct') && isMisspelt(earlier)) return earlier.start; // unoin all select
  if (isMisspelt(before) || (isToken(before, ',') && isToken(earlier, ','))) return before.start;
  const mayBegin = token.kind === 'word' || token.kind === 'quoted';
  if (!mayBegin || !/Expected one of:.*\bComma\b/s.test(said) || isMisspelt(token) || isToken(token, ...clauses)) return token.start;
  return inList(tokens, index) ? before.start : token.start;
}

/** Whether something must follow: where a clause follows an operator, its name was taken for that of a column. */
function isUnfinished(token: SqlToken | undefined): boolean {
  return token?.kind === 'sign' ? !isToken(token, ')', ']') : isToken(token, 'and', 'or', 'not', 'where', 'having', 'on', 'in', 'like');
}

/** Whether a word is nearly the name of a clause, and none. */
function isMisspelt({ kind, text }: SqlToken): boolean {
  const word = text.toLowerCase();
  return kind === 'word' && word.length > 3 && !clauses.includes(word) && closest(word, clauses) !== undefined;
}

const clauses = [
  'from',
  'where',
  'group',
  'order',
  'having',
  'limit',
  'union',
  'join',
  'left',
  'inner',
  'prewhere',
  'settings',
  'array',
  'with',
  'window',
  'qualify',
  'format',
  'except',
  'intersect',
  'offset',
  'sample',
  'final',
  'select',
];

/** Whether the token stands in a list of expressions: behind `select` or `by`, with no other clause between. */
function inList(tokens: readonly SqlToken[], index: number): boolean {
  let depth = 0;
  for (let at = index - 1; at >= 0; at--) {
    const token = tokens[at];
    if (isToken(token, ')', ']')) depth++;
    if (isToken(token, '(', '[')) depth--;
    if (depth < 0) return true;
    if (depth === 0 && isToken(token, 'select', 'by')) return true;
    if (depth === 0 && isToken(token, ...clauses)) return false;
  }
  return false;
}
