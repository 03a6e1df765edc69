import { explainSaid } from '../explain-fault.ts';
import { isToken, type SqlToken } from '../sql-tokens.ts';
import type { Doubt } from './doubt.ts';

/** Settings at the end of a SELECT, which ClickHouse does not look at before it makes a table of it. */
export function doubtfulSettings(tokens: readonly SqlToken[]): readonly Doubt[] {
  return tokens.flatMap((token, index) => (isToken(token, 'settings') ? settingsAt(tokens, index + 1) : []));
}

function settingsAt(tokens: readonly SqlToken[], from: number): readonly Doubt[] {
  const [name, equals, value, next] = tokens.slice(from, from + 4);
  const isValue = value?.kind === 'number' || value?.kind === 'text';
  if (name?.kind !== 'word' || !isToken(equals, '=') || !value || !isValue) return [];
  const mistakeOf: Doubt['mistakeOf'] = (said) => ({ code: 'CHECK_SQL', sentence: explainSaid(said) });
  const doubt: Doubt = { offset: name.start, statement: `select 1 settings ${name.text} = ${value.text}`, isConstant: true, mistakeOf };
  return [doubt, ...(isToken(next, ',') ? settingsAt(tokens, from + 4) : [])];
}
