import type { ColumnRef, FindReadable } from './column-ref.ts';
import type { FunctionNode } from './query-tree.ts';
import { tableNamed } from './table-named.ts';

/** Functions that read a column of the dictionary or Join table that their first argument names, and that their second argument names. */
const looksUp = /^(dictGet\w*|joinGet\w*)$/;
/** Those of them whose second argument is a key: they walk the dictionary's hierarchy. */
const hasNoAttribute = /^dictGet(Hierarchy|Children|Descendants|Keys)$/;

/** The columns of a dictionary or Join table that a function call reads by name. */
export function lookedUp(call: FunctionNode, find: FindReadable): readonly ColumnRef[] {
  if (!looksUp.test(call.name) || hasNoAttribute.test(call.name)) return [];
  const [name, attribute] = call.arguments.map((argument) => (argument.kind === 'constant' ? textsOf(argument.value) : []));
  const found = name?.[0] === undefined ? null : find(tableNamed(name[0]));
  return found ? (attribute ?? []).map((column) => ({ relation: found.id, column })) : [];
}

/** The texts in a dumped constant: one in `'name'`, several in `Tuple_('first', 'last')`. */
function textsOf(value: string): readonly string[] {
  return [...value.matchAll(/'((?:[^'\\]|\\.)*)'/g)].map(([, text = '']) => text.replace(/\\(.)/g, '$1'));
}
