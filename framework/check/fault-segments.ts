import type { Candidate } from './fault-candidates.ts';
import { isToken, type SqlToken } from './sql-tokens.ts';

const separators = [
  ...['select', 'distinct', 'where', 'prewhere', 'having', 'qualify', 'by', 'on', 'using', 'limit', 'offset', 'settings', 'window', 'with'],
  ...['and', 'or', 'not', 'when', 'then', 'else', 'case', 'end', 'as', 'union', 'all', 'group', 'order', 'over', 'partition', 'in', 'over'],
];
/** Behind these a table is named, and behind `as` a name is given. */
const noExpressions = ['from', 'join', 'as', 'with', 'window', 'settings'];

/** The expressions that the SQL is made of, the shortest first: items of lists, operands of AND and OR, arguments of calls. */
export function segments(tokens: readonly SqlToken[]): readonly Candidate[] {
  const found: Candidate[] = [];
  for (const first of tokens.keys()) {
    const before = tokens[first - 1];
    const begins = isToken(before, ',', '(', '[', ...separators) && !isToken(before, ...noExpressions);
    const last = begins && !isToken(tokens[first], ...separators, ')', ']', ',') ? endOfSegment(tokens, first) : -1;
    const [start, end] = [tokens[first], tokens[last]];
    if (start && end) found.push({ at: start.start, start: start.start, end: end.end, replacement: 'null' });
  }
  return found.toSorted((a, b) => a.end - a.start - (b.end - b.start));
}

/** The index of the last token before the next separator of the same depth. */
function endOfSegment(tokens: readonly SqlToken[], first: number): number {
  let depth = 0;
  for (let at = first; at < tokens.length; at++) {
    const token = tokens[at];
    if (depth === 0 && isToken(token, ',', ')', ']', 'from', 'join', ...separators)) return at - 1;
    if (isToken(token, '(', '[')) depth++;
    if (isToken(token, ')', ']')) depth--;
  }
  return tokens.length - 1;
}
