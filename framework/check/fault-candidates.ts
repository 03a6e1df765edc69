import type { Culprit } from './fault-culprits.ts';
import { afterBracket, beforeBracket, isToken, type SqlToken } from './sql-tokens.ts';

/** A place that may have caused a fault, and what to put there so that it cannot any more. */
export interface Candidate {
  /** Offset of the place itself. */
  readonly at: number;
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

/** Every place of a culprit in the SQL, in order. */
export function candidatesOf(culprit: Culprit, tokens: readonly SqlToken[]): readonly Candidate[] {
  switch (culprit.kind) {
    case 'identifier':
      return identifiers(culprit.name, tokens, 'null');
    case 'table':
      return identifiers(culprit.name, tokens, 'system.one', ['from', 'join', ',', '(', 'in']);
    case 'function':
      return calls(culprit.name, tokens);
    case 'table function':
      return tableCalls(culprit.name, tokens);
    case 'join key':
      return joinKeys(culprit.name, tokens);
    case 'join':
      return unnamedJoins(tokens);
    case 'keyword':
      return tokens.flatMap((token) =>
        isToken(token, culprit.name.toLowerCase(), `${culprit.name}e`) ? [candidate(token, token, `${token.text} 1 or`)] : [],
      );
    case 'text':
      return tokens.flatMap((token) =>
        token.kind === 'text' && token.value.includes(culprit.name) ? [candidate(token, token, 'null')] : [],
      );
    case 'alias':
      return aliases(culprit.name, tokens).slice(-1);
    case 'definition':
      return definitions(culprit.name, tokens).slice(-1);
    case 'word':
      return tokens.flatMap((token) => (token.value === culprit.name ? [candidate(token, token, 'null')] : []));
  }
}

/** Where a name is given. */
function aliases(name: string, tokens: readonly SqlToken[]): readonly Candidate[] {
  return tokens.flatMap((token, index) =>
    token.value === name && isToken(tokens[index - 1], 'as') ? [candidate(token, token, `${name}_`)] : [],
  );
}

/** Where a name is given in front of what it means, as of windows. */
function definitions(name: string, tokens: readonly SqlToken[]): readonly Candidate[] {
  return tokens.flatMap((token, index) =>
    token.value === name && isToken(tokens[index + 1], 'as') ? [candidate(token, token, `${name}_`)] : [],
  );
}

/** Subqueries that are joined and have no name, at the bracket behind which it is missing. */
function unnamedJoins(tokens: readonly SqlToken[]): readonly Candidate[] {
  return tokens.flatMap((token, index) => {
    const opening = isToken(token, ')') ? beforeBracket(tokens, index) : -1;
    const after = tokens[index + 1];
    const isNamed = after !== undefined && after.kind !== 'sign' && !isToken(after, ...clausesBehindTable);
    const isTable = isToken(tokens[opening - 1], 'from', 'join', ',') && isToken(tokens[opening + 1], 'select', 'with');
    return isTable && !isNamed ? [candidate(token, token, `) as unnamed_${index}`)] : [];
  });
}

const clausesBehindTable = [
  'on',
  'using',
  'left',
  'right',
  'inner',
  'full',
  'cross',
  'join',
  'where',
  'prewhere',
  'group',
  'order',
  'limit',
  'having',
  'any',
  'asof',
  'global',
  'array',
  'settings',
  'union',
  'final',
  'sample',
  'qualify',
  'window',
];

function joinKeys(name: string, tokens: readonly SqlToken[]): readonly Candidate[] {
  return tokens.flatMap((token, index) => {
    if (!isToken(token, 'using')) return [];
    const end = isToken(tokens[index + 1], '(') ? afterBracket(tokens, index + 1) : index + 2;
    return tokens.slice(index + 1, end).flatMap((key) => (key.value === name ? [candidate(key, key, 'null')] : []));
  });
}

/** Calls in the place of a table; of any function where the name is empty. */
export function tableCalls(name: string, tokens: readonly SqlToken[]): readonly Candidate[] {
  return tokens.flatMap((token, index) => {
    const isCall = token.kind === 'word' && isToken(tokens[index + 1], '(') && isToken(tokens[index - 1], 'from', 'join', ',', 'in');
    if (!isCall || (name !== '' && token.text.toLowerCase() !== name.toLowerCase())) return [];
    return [candidate(token, tokens[afterBracket(tokens, index + 1) - 1] ?? token, 'system.one')];
  });
}

/** Every call of a function. */
export function allCalls(tokens: readonly SqlToken[]): readonly Candidate[] {
  return tokens.flatMap((token, index) =>
    token.kind === 'word' && isToken(tokens[index + 1], '(') && !isToken(token, ...keywordsBeforeOperand, ...otherKeywords)
      ? [callAt(index, tokens)]
      : [],
  );
}

const otherKeywords = ['from', 'join', 'using', 'over', 'as', 'values', 'union', 'all', 'exists', 'any', 'except', 'replace', 'sets'];

/** Uses of a name that may be dotted; of its last part where the whole is nowhere. A name behind `as` is given there, not used. */
function identifiers(name: string, tokens: readonly SqlToken[], replacement: string, behind?: readonly string[]): readonly Candidate[] {
  const parts = name.split('.').map((part) => part.replaceAll(/^[`"]|[`"]$/g, ''));
  for (let skipped = 0; skipped < parts.length; skipped++) {
    const found = sequences(parts.slice(skipped), tokens, replacement, skipped > 0);
    const fitting = behind
      ? found.filter(({ at }) => isToken(tokens[tokens.findIndex(({ start }) => start === at) - 1], ...behind))
      : found;
    if (fitting.length > 0) return fitting;
  }
  return [];
}

function sequences(
  parts: readonly string[],
  tokens: readonly SqlToken[],
  replacement: string,
  mayFollowDot: boolean,
): readonly Candidate[] {
  const found: Candidate[] = [];
  for (const [index, first] of tokens.entries()) {
    const before = tokens[index - 1];
    if (isToken(before, 'as') || (isToken(before, '.') && !mayFollowDot)) continue;
    const matches = parts.every((part, at) => {
      const token = tokens[index + 2 * at];
      const isName = token?.kind === 'word' || token?.kind === 'quoted';
      return isName && token.value === part && (at === 0 || isToken(tokens[index + 2 * at - 1], '.'));
    });
    const last = tokens[index + 2 * (parts.length - 1)];
    if (!matches || !last || (isToken(tokens[index + 2 * parts.length - 1], '(') && first.kind === 'word')) continue;
    let from = index;
    while (isToken(tokens[from - 1], '.') && from >= 2) from -= 2;
    const start = tokens[from] ?? first;
    found.push({ at: start.start, start: start.start, end: last.end, replacement });
  }
  return found;
}

/** Calls of a function, and the operators that stand for it. */
function calls(name: string, tokens: readonly SqlToken[]): readonly Candidate[] {
  const bare = name.replace(/(?:OrNull|OrDefault|Distinct)$/, '');
  const signs = operators.get(bare) ?? [];
  const found: Candidate[] = [];
  for (const [index, token] of tokens.entries()) {
    if (
      isToken(tokens[index + 1], '(') &&
      [name, bare].some((written) => written.toLowerCase() === calledName(index, tokens).toLowerCase())
    )
      found.push(callAt(index, tokens));
    else if (isToken(token, ...signs)) found.push(operatorAt(index, tokens));
  }
  return found;
}

/** The name in front of a bracket, with those in front of its dots. */
function calledName(index: number, tokens: readonly SqlToken[]): string {
  const token = tokens[index] as SqlToken;
  if (token.kind !== 'word' && token.kind !== 'quoted') return '';
  const isDotted = isToken(tokens[index - 1], '.') && index >= 2;
  return isDotted ? `${calledName(index - 2, tokens)}.${token.value}` : token.value;
}

function callAt(index: number, tokens: readonly SqlToken[]): Candidate {
  let first = index;
  while (isToken(tokens[first - 1], '.') && first >= 2) first -= 2;
  const token = tokens[first] as SqlToken;
  let after = afterBracket(tokens, index + 1);
  if (isToken(tokens[after], '(')) after = afterBracket(tokens, after); // quantile(0.5)(x)
  if (isToken(tokens[after], 'over')) after = isToken(tokens[after + 1], '(') ? afterBracket(tokens, after + 1) : after + 2;
  return candidate(token, tokens[after - 1] ?? token, 'null');
}

/** `concat` takes anything, and is an operator too. */
function operatorAt(index: number, tokens: readonly SqlToken[]): Candidate {
  const token = tokens[index] as SqlToken;
  const before = tokens[index - 1];
  const isUnary = !before || (before.kind === 'sign' && !isToken(before, ')', ']')) || isToken(before, ...keywordsBeforeOperand);
  const written = token.text.toLowerCase();
  if (written === '[') return { ...candidate(token, tokens[afterBracket(tokens, index) - 1] ?? token, ''), at: token.start };
  if (isUnary || written === 'not') return candidate(token, token, ' ');
  return candidate(token, token, '||');
}

const keywordsBeforeOperand = [
  'select',
  'where',
  'and',
  'or',
  'not',
  'then',
  'else',
  'when',
  'by',
  'on',
  'having',
  'in',
  'like',
  'between',
  'case',
];

function candidate(first: SqlToken, last: SqlToken, replacement: string): Candidate {
  return { at: first.start, start: first.start, end: last.end, replacement };
}

/** How the functions that operators stand for are written. */
const operators: ReadonlyMap<string, readonly string[]> = new Map([
  ['plus', ['+']],
  ['minus', ['-']],
  ['negate', ['-']],
  ['multiply', ['*']],
  ['divide', ['/']],
  ['modulo', ['%', 'mod']],
  ['intDiv', ['div']],
  ['equals', ['=', '==', 'case', 'in']],
  ['notEquals', ['!=', '<>']],
  ['less', ['<']],
  ['lessOrEquals', ['<=', 'between']],
  ['greater', ['>']],
  ['greaterOrEquals', ['>=', 'between']],
  ['concat', ['||']],
  ['like', ['like']],
  ['notLike', ['like']],
  ['ilike', ['ilike']],
  ['notILike', ['ilike']],
  ['in', ['in']],
  ['notIn', ['in']],
  ['not', ['not']],
  ['and', ['and']],
  ['or', ['or']],
  ['if', ['?', 'case']],
  ['multiIf', ['case']],
  ['caseWithExpression', ['case']],
  ['arrayElement', ['[']],
  ['tupleElement', ['.']],
  ['CAST', ['::']],
  ['_CAST', ['::']],
  ['isNull', ['is']],
  ['isNotNull', ['is']],
]);
