/** A call of a helper in a template's tree, whichever way it is written. */
export type TemplateCall = hbs.AST.MustacheStatement | hbs.AST.BlockStatement | hbs.AST.SubExpression;

/** Helpers that are part of every template. */
export const templateHelpers: readonly string[] = [
  'config',
  'each',
  'env',
  'identifier',
  'if',
  'interval_end',
  'interval_start',
  'is_incremental',
  'list',
  'literal',
  'lookup',
  'map',
  'ref',
  'source',
  'this',
  'unless',
  'var',
  'with',
];

/** What a call says before it is rendered. `node` is where it says it. */
export type ReadCall =
  | { readonly kind: 'ref'; readonly name: string; readonly final: boolean; readonly node: hbs.AST.Node }
  | { readonly kind: 'source'; readonly source: string; readonly table: string; readonly final: boolean; readonly node: hbs.AST.Node }
  | { readonly kind: 'config'; readonly pairs: readonly hbs.AST.HashPair[] }
  | { readonly kind: 'var'; readonly name: string; readonly hasDefault: boolean; readonly node: hbs.AST.Node }
  | { readonly kind: 'env'; readonly name: string; readonly hasDefault: boolean; readonly node: hbs.AST.Node }
  | { readonly kind: 'builtin' }
  | { readonly kind: 'other' }
  | { readonly kind: 'mistake'; readonly message: string; readonly hint: string; readonly node: hbs.AST.Node };

/** Reads a call by the helper's name. Only what the graph depends on is read; the rest is left to rendering. */
export function readCall(name: string, call: TemplateCall): ReadCall {
  switch (name) {
    case 'ref':
      return readRef(call);
    case 'source':
      return readSource(call);
    case 'config':
      if (call.params.length > 0) return mistake(call, '{{config}} takes key=value pairs only.', 'Write {{config materialized="table"}}.');
      return { kind: 'config', pairs: call.hash?.pairs ?? [] };
    case 'var':
      return readVar(call);
    case 'env':
      return readEnvCall(call);
    default:
      return { kind: templateHelpers.includes(name) ? 'builtin' : 'other' };
  }
}

/** The value of a literal, of `(list …)` or of `(map key=…)`; null for anything that is known only when rendered. */
export function readLiteral(node: hbs.AST.Expression): { readonly value: unknown } | null {
  switch (node.type) {
    case 'StringLiteral':
    case 'NumberLiteral':
    case 'BooleanLiteral':
      return { value: (node as hbs.AST.StringLiteral).value };
    case 'NullLiteral':
      return { value: null };
    case 'SubExpression':
      return readCollection(node as hbs.AST.SubExpression);
    default:
      return null;
  }
}

function readCollection(node: hbs.AST.SubExpression): { readonly value: unknown } | null {
  const name = (node.path as hbs.AST.PathExpression).original;
  const pairs = node.hash?.pairs ?? [];
  if (name === 'list' && pairs.length === 0) {
    const items = node.params.map(readLiteral);
    return items.every((item) => item !== null) ? { value: items.map((item) => item.value) } : null;
  }
  if (name !== 'map' || node.params.length > 0) return null;
  const entries = pairs.map(({ key, value }) => [key, readLiteral(value)] as const);
  if (entries.some(([, value]) => value === null)) return null;
  return { value: Object.fromEntries(entries.map(([key, value]) => [key, value?.value])) };
}

function readRef(call: TemplateCall): ReadCall {
  const [name, ...rest] = texts(call);
  const final = readFinal(call);
  if (name === undefined || rest.length > 0 || final === null) {
    const bare =
      call.params.length === 1 && call.params[0]?.type === 'PathExpression' ? (call.params[0] as hbs.AST.PathExpression).original : null;
    const hint =
      bare === null
        ? 'Write {{ref "stg_post"}} or {{ref "stg_post" final=true}}.'
        : `Write {{ref "${bare}"}}; an argument of a test is given as '{{ref "stg_post"}}' and read as {{${bare}}}.`;
    return mistake(call, '{{ref}} takes one literal name, and final=true or false.', hint);
  }
  return { kind: 'ref', name, final, node: call.params[0] ?? call };
}

function readSource(call: TemplateCall): ReadCall {
  const [source, table, ...rest] = texts(call);
  const final = readFinal(call);
  if (source === undefined || table === undefined || rest.length > 0 || final === null) {
    const hint = 'Write {{source "beat" "profile"}}.';
    return mistake(call, '{{source}} takes two literal texts, the source and its table, and final=true or false.', hint);
  }
  return { kind: 'source', source, table, final, node: call.params[0] ?? call };
}

function readVar(call: TemplateCall): ReadCall {
  const [name] = call.params;
  const pairs = call.hash?.pairs ?? [];
  if (name?.type !== 'StringLiteral' || call.params.length > 2 || pairs.some(({ key }) => key !== 'default')) {
    return mistake(call, '{{var}} takes one literal name and a default.', 'Write {{var "days"}} or {{var "days" 30}}.');
  }
  const hasDefault = call.params.length > 1 || pairs.length > 0;
  return { kind: 'var', name: (name as hbs.AST.StringLiteral).value, hasDefault, node: name };
}

function readEnvCall(call: TemplateCall): ReadCall {
  const [name, ...rest] = texts(call);
  if (name === undefined || rest.length > 1 || call.hash?.pairs.length) {
    return mistake(call, '{{env}} takes one literal name and a default.', 'Write {{env "NAME"}} or {{env "NAME" "default"}}.');
  }
  return { kind: 'env', name, hasDefault: rest.length > 0, node: call.params[0] ?? call };
}

/** The params as literal texts, or none where one is something else. */
function texts(call: TemplateCall): string[] {
  const literal = call.params.filter((param) => param.type === 'StringLiteral') as hbs.AST.StringLiteral[];
  return literal.length === call.params.length ? literal.map(({ value }) => value) : [];
}

/** `final=` of a call, false where absent, null where it or another key is not what it should be. */
function readFinal(call: TemplateCall): boolean | null {
  const pairs = call.hash?.pairs ?? [];
  if (pairs.length === 0) return false;
  const [pair] = pairs;
  return pairs.length === 1 && pair?.key === 'final' && pair.value.type === 'BooleanLiteral'
    ? (pair.value as hbs.AST.BooleanLiteral).value
    : null;
}

function mistake(call: TemplateCall, message: string, hint: string): ReadCall {
  const isBare = call.params.length === 0 && !call.hash;
  const hidden = isBare ? ` An argument cannot be called '${(call.path as hbs.AST.PathExpression).original}': the helper hides it.` : '';
  return { kind: 'mistake', message, hint: `${hint}${hidden}`, node: call.path };
}
