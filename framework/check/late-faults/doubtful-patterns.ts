import { explainSaid } from '../explain-fault.ts';
import { isToken, type SqlToken } from '../sql-tokens.ts';
import { argumentsIn } from './call-arguments.ts';
import type { Doubt } from './doubt.ts';

/** Functions that read one of their arguments as a pattern, format or unit: which it is, and a call that reads it. */
const readers: readonly { readonly names: RegExp; readonly argument: number; readonly ask: (written: string) => string }[] = [
  { names: /^match$/i, argument: 1, ask: (text) => `match('', ${text})` },
  { names: /^(?:extract(?:All)?|extractAllGroups\w*|regexpExtract|countMatches\w*)$/i, argument: 1, ask: (text) => `extract('', ${text})` },
  { names: /^(?:replaceRegexp\w+|regexp_replace)$/i, argument: 1, ask: (text) => `replaceRegexpAll('', ${text}, '')` },
  { names: /^splitByRegexp$/i, argument: 0, ask: (text) => `splitByRegexp(${text}, '')` },
  { names: /^splitByChar$/i, argument: 0, ask: (text) => `splitByChar(${text}, '')` },
  { names: /^JSON_(?:VALUE|QUERY|EXISTS)$/i, argument: 1, ask: (text) => `JSON_VALUE('{}', ${text})` },
  { names: /^formatDateTime$/i, argument: 1, ask: (text) => `formatDateTime(now(), ${text})` },
  { names: /^date_?diff$/i, argument: 0, ask: (text) => `dateDiff(${text}, now(), now())` },
  { names: /^date_?trunc$/i, argument: 0, ask: (text) => `dateTrunc(${text}, now())` },
];

/** Patterns, formats and units, which ClickHouse reads when a row comes, or only where the other arguments cannot be NULL. */
export function doubtfulPatterns(tokens: readonly SqlToken[]): readonly Doubt[] {
  return tokens.flatMap((token, index) => operand(tokens, index) ?? argument(token, tokens, index) ?? []);
}

function operand(tokens: readonly SqlToken[], index: number): Doubt | null {
  const operator = tokens[index];
  const text = tokens[index + 1];
  if (!operator || text?.kind !== 'text' || !isToken(operator, 'like', 'ilike', 'regexp', 'rlike')) return null;
  return doubtOf(text, `'' ${operator.text} ${text.text}`);
}

function argument(token: SqlToken, tokens: readonly SqlToken[], index: number): Doubt | null {
  const reader = token.kind === 'word' && isToken(tokens[index + 1], '(') ? readers.find(({ names }) => names.test(token.text)) : undefined;
  const [text, ...others] = reader ? (argumentsIn(tokens, index + 1)[reader.argument] ?? []) : [];
  return reader && text?.kind === 'text' && others.length === 0 ? doubtOf(text, reader.ask(text.text)) : null;
}

function doubtOf({ start }: SqlToken, asked: string): Doubt {
  const mistakeOf: Doubt['mistakeOf'] = (said) => ({ code: 'CHECK_SQL', sentence: explainSaid(said) });
  return { offset: start, statement: `select ${asked}`, isConstant: true, mistakeOf };
}
