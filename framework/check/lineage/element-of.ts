import type { FunctionNode, TreeNode } from './query-tree.ts';

/** The expression that a column of a subquery, or of ARRAY JOIN, stands for; null where it is none or not one alone. */
export type Behind = (column: TreeNode) => TreeNode | null;

/**
 * Of `tuple(a, b).1` and the like what that element is computed of, where the tuple is made in the query itself; null where it is not. `argMax((a, b), at).1` is
 * computed of `a` and `at`.
 */
export function elementOf(call: FunctionNode, behind: Behind): readonly TreeNode[] | null {
  const [tuple, key] = call.arguments;
  if (!/^(tupleElement|getSubcolumn)$/.test(call.name) || !tuple || key?.kind !== 'constant') return null;
  return pick(tuple, key.value.replace(/^'|'$/g, '').replace(/^U?Int64_/, ''), behind);
}

/** Functions that give back their first argument, or one or many values of it, whole. */
const givesFirst =
  /^(any|anyLast|first_value|last_value|argMax|argMin|groupArray|groupUniqArray|lagInFrame|leadInFrame|arrayElement|arraySlice|arrayReverse|arrayDistinct|arrayJoin|materialize|toNullable|assumeNotNull)$/;
/** The same with their last argument, behind a lambda. */
const givesLast = /^(arrayFilter|arraySort|arrayReverseSort)$/;

function pick(tuple: TreeNode, key: string, behind: Behind): readonly TreeNode[] | null {
  if (tuple.kind === 'column') {
    const expression = behind(tuple);
    return expression ? pick(expression, key, behind) : null;
  }
  const inner = tuple.kind === 'constant' ? tuple.expression : tuple.kind === 'query' ? tuple.projection[0] : null; // of a scalar subquery
  if (inner) return pick(inner, key, behind);
  if (tuple.kind !== 'function') return null;
  const [first, ...others] = tuple.arguments;
  const window = tuple.window ? [tuple.window] : [];
  if (givesFirst.test(tuple.name)) return withOthers(first, [...others, ...window], key, behind);
  if (givesLast.test(tuple.name)) return withOthers(tuple.arguments.at(-1), tuple.arguments.slice(0, -1), key, behind);
  switch (tuple.name) {
    case 'tuple':
    case 'arrayZip':
      return oneOf(tuple.arguments[Number(key) - 1]);
    case 'nested': {
      const names = first?.kind === 'constant' ? [...first.value.matchAll(/'((?:[^'\\]|\\.)*)'/g)].map(([, name]) => name) : [];
      return oneOf(others[names.indexOf(key)]);
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

function withOthers(tuple: TreeNode | undefined, others: readonly TreeNode[], key: string, behind: Behind): readonly TreeNode[] | null {
  const picked = tuple ? pick(tuple, key, behind) : null;
  return picked && [...picked, ...others];
}

function oneOf(node: TreeNode | undefined): readonly TreeNode[] | null {
  return node ? [node] : null;
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
