import { afterBracket, isToken, type SqlToken } from './sql-tokens.ts';

/** A place that may have caused a fault, and what to put there so that it cannot any more. */
export interface Candidate {
  /** Offset of the place itself. */
  readonly at: number;
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

/** What ClickHouse complains of, as far as it names something. */
export type Culprit =
  | { readonly kind: 'identifier'; readonly name: string }
  | { readonly kind: 'function'; readonly name: string }
  | { readonly kind: 'table'; readonly name: string }
  | { readonly kind: 'keyword'; readonly name: string }
  | { readonly kind: 'text'; readonly name: string }
  | { readonly kind: 'alias'; readonly name: string }
  | { readonly kind: 'word'; readonly name: string };

/** What a complaint names, the likeliest first. */
export function culpritsOf(said: string): readonly Culprit[] {
  const found: Culprit[] = [];
  for (const [pattern, kind] of patterns) {
    const name = pattern
      .exec(said)
      ?.slice(1)
      .find((text) => text !== undefined);
    if (name !== undefined && !found.some((other) => other.kind === kind && other.name === name)) found.push({ kind, name });
  }
  return found;
}

const patterns: readonly (readonly [RegExp, Culprit['kind']])[] = [
  [/using identifier '([^']+)'/, 'word'],
  [/ambiguous identifier '([^']+)'/, 'identifier'],
  [/Unknown table expression identifier '([^']+)'|Table (\S+) (?:does not|doesn't) exist/, 'table'],
  [/Database (\S+) does not exist/, 'table'],
  [
    /Unknown expression(?: or function)? identifier `([^`]+)`|Identifier '([^']+)' cannot be resolved|Missing columns: '([^']+)'/,
    'identifier',
  ],
  [/Column '([^']+)' is not under aggregate function/, 'identifier'],
  [/Multiple expressions .* for alias ([^\s.]+)|Multiple table expressions with same alias ([^\s.]+)/, 'alias'],
  [/can't find correlated column '(?:__table\d+\.)?([^']+)'/, 'identifier'],
  [/[Uu]nknown data type family: (\w+)|Window '(\w+)' does not exist/, 'word'],
  [/[Uu]nknown setting '([^']+)'/, 'word'],
  [
    /Dictionary \(`([^`]+)`\) not found|Cannot load time zone (\S+?):|does not support '([^']+)' unit|(?:while converting|[Cc]onvert string|[Pp]arse string) '([^']*)' /,
    'text',
  ],
  [/element with index '(\w+)'/, 'word'],
  [/requires expression (\w+)(?: AS \w+)? with Array/, 'identifier'],
  [/(ASOF) join|doesn't support (FINAL)|(?:does not|doesn't) support (PREWHERE)/, 'keyword'],
  [/support (sampl)ing/, 'keyword'],
  [/Positional argument number (\d+)/, 'word'],
  [/(?:Invalid type for filter in|is found in) ((?:PRE)?WHERE|HAVING|QUALIFY)/, 'keyword'],
  [/\b(LIMIT|OFFSET) expression/, 'keyword'],
  [/Different number of columns in (UNION|INTERSECT|EXCEPT)|Expected ALL or DISTINCT in SelectWith(Union)/, 'keyword'],
  [/JOIN cannot infer common type in (ON) section/, 'keyword'],
  [/[Ff]irst argument for (?:this overload of )?(?:function )?['`]?(\w+)/, 'function'],
  [
    /[Uu]nknown function (\w+)|[Ff]unction with name [`'](\w+)[`']|(?:of|for|to) (?:aggregate )?function ['`]?(\w+)|(?:Aggregate f|F)unction '?(\w+)'?(?:\([^)]*\))? (?:is found|requires|does)|while executing (?:'FUNCTION |function )(\w+)|overload of (\w+)/,
    'function',
  ],
];

/** Every place of a culprit in the SQL, in order. */
export function candidatesOf(culprit: Culprit, tokens: readonly SqlToken[]): readonly Candidate[] {
  switch (culprit.kind) {
    case 'identifier':
      return identifiers(culprit.name, tokens, 'null');
    case 'table':
      return identifiers(culprit.name, tokens, 'system.one', ['from', 'join', ',', '(', 'in']);
    case 'function':
      return calls(culprit.name, tokens);
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
    const isName = token.kind === 'word' && [name, bare].some((written) => written.toLowerCase() === token.text.toLowerCase());
    if (isName && isToken(tokens[index + 1], '(')) found.push(callAt(index, tokens));
    else if (isToken(token, ...signs)) found.push(operatorAt(index, tokens));
  }
  return found;
}

function callAt(index: number, tokens: readonly SqlToken[]): Candidate {
  const token = tokens[index] as SqlToken;
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
