import type { Candidate } from './fault-candidates.ts';
import { isToken, type SqlToken } from './sql-tokens.ts';

/**
 * Of places without each of which a complaint goes away those that read what the others return: a NULL in a subquery also silences what goes
 * wrong with its values outside of it. What holds another one of the places is left out.
 */
export function lastReaders(candidates: readonly Candidate[], tokens: readonly SqlToken[]): readonly Candidate[] {
  const inner = candidates.filter((one) => !candidates.some((other) => other !== one && other.start >= one.start && other.end <= one.end));
  const queries = new Map(inner.map((candidate) => [candidate, enclosingQueries(tokens, candidate.start)]));
  const depth = Math.min(...[...queries.values()].map(({ length }) => length));
  const shallow = inner.filter((candidate) => queries.get(candidate)?.length === depth);
  const last = Math.max(...shallow.map((candidate) => queries.get(candidate)?.at(-1) ?? 0));
  return shallow.filter((candidate) => (queries.get(candidate)?.at(-1) ?? 0) === last);
}

/** Where the subqueries begin that an offset stands in, the outermost first. */
function enclosingQueries(tokens: readonly SqlToken[], offset: number): readonly number[] {
  const open: (number | null)[] = [];
  for (const [index, token] of tokens.entries()) {
    if (token.start >= offset) break;
    if (isToken(token, '(', '[')) open.push(isToken(tokens[index + 1], 'select', 'with') ? token.start : null);
    if (isToken(token, ')', ']')) open.pop();
  }
  return open.filter((start) => start !== null);
}
