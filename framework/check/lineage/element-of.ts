import type { FunctionNode, TreeNode } from './query-tree.ts';

/** The expression that a column of a subquery, or of ARRAY JOIN, stands for; null where it is none or not one alone. */
export type Behind = (column: TreeNode) => TreeNode | null;

/** Of `tuple(a, b).1` and the like the expression of that element, where the tuple is made in the query itself; null where it is not. */
export function elementOf(call: FunctionNode, behind: Behind): TreeNode | null {
  const [tuple, key] = call.arguments;
  if (!/^(tupleElement|getSubcolumn)$/.test(call.name) || !tuple || key?.kind !== 'constant') return null;
  return pick(tuple, key.value.replace(/^'|'$/g, '').replace(/^U?Int64_/, ''), behind);
}

function pick(tuple: TreeNode, key: string, behind: Behind): TreeNode | null {
  if (tuple.kind === 'column') {
    const expression = behind(tuple);
    return expression ? pick(expression, key, behind) : null;
  }
  if (tuple.kind !== 'function') return null;
  const [first, ...others] = tuple.arguments;
  switch (tuple.name) {
    case 'tuple':
      return tuple.arguments[Number(key) - 1] ?? null;
    case 'nested': {
      const names = first?.kind === 'constant' ? [...first.value.matchAll(/'((?:[^'\\]|\\.)*)'/g)].map(([, name]) => name) : [];
      return others[names.indexOf(key)] ?? null;
    }
    case 'CAST':
    case '_CAST': {
      const position = namesOfTuple(tuple.type).indexOf(key) + 1;
      return first ? pick(first, position > 0 ? String(position) : key, behind) : null;
    }
    default:
      return null;
  }
}

/** `Tuple(id UInt64, place Tuple(city String))` has the names `id` and `place`. */
function namesOfTuple(type: string): readonly string[] {
  let depth = 0;
  let start = 0;
  const names: string[] = [];
  const inner = /^Tuple\((.*)\)$/.exec(type)?.[1] ?? '';
  for (const [index, char] of [...`${inner},`].entries()) {
    if (char === '(') depth++;
    if (char === ')') depth--;
    if (char !== ',' || depth > 0) continue;
    names.push(inner.slice(start, index).trim().split(' ')[0] ?? '');
    start = index + 1;
  }
  return names;
}
