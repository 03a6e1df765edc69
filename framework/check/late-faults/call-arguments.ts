import { afterBracket, isToken, type SqlToken } from '../sql-tokens.ts';

/** The arguments between a bracket and the one that closes it. */
export function argumentsIn(tokens: readonly SqlToken[], opening: number): readonly (readonly SqlToken[])[] {
  const end = afterBracket(tokens, opening) - 1;
  const found: SqlToken[][] = [[]];
  for (let at = opening + 1; at < end; ) {
    const after = isToken(tokens[at], '(', '[') ? afterBracket(tokens, at) : at + 1;
    if (isToken(tokens[at], ',')) found.push([]);
    else found.at(-1)?.push(...tokens.slice(at, after));
    at = after;
  }
  return found;
}
