import { quoteText } from '../../foundation/quote.ts';
import { describeSelect } from '../relation-statements.ts';
import { isToken, type SqlToken } from '../sql-tokens.ts';
import { argumentsIn } from './call-arguments.ts';
import type { Doubt } from './doubt.ts';

/** Types of the columns of a dictionary's key; null where it is none, or its key is more than a value to find. */
export type KeyTypes = (name: string) => readonly string[] | null;

/** Keys that dictionaries are asked for: ClickHouse compares them with the dictionary's own when a row comes. Asked by comparing them in its place. */
export function doubtfulKeys(sql: string, tokens: readonly SqlToken[], keyTypes: KeyTypes): readonly Doubt[] {
  return tokens.flatMap((token, index) => {
    const isCall = token.kind === 'word' && /^dict(?:Get\w*|Has)$/i.test(token.text) && isToken(tokens[index + 1], '(');
    if (!isCall || /Hierarchy|Children|Descendants|dictGetKeys/i.test(token.text)) return [];
    const [dictionary, ...others] = argumentsIn(tokens, index + 1);
    const key = /^dictHas$/i.test(token.text) ? others[0] : others[1];
    const [first, last] = [key?.[0], key?.at(-1)];
    const name = dictionary?.map(({ value }) => value).join('') ?? '';
    const types = keyTypes(name);
    if (!types || !first || !last || (types.length === 1 && isToken(first, 'tuple'))) return [];
    const asked = sql.slice(first.start, last.end);
    const own = types.map((type) => `materialize(defaultValueOfTypeName(${quoteText(type, 'clickhouse')}))`);
    const compared = `((${asked}) = ${own.length === 1 ? own[0] : `tuple(${own.join(', ')})`})`;
    const variant = `${sql.slice(0, first.start)}tupleElement(tuple(${asked}, ${compared}), 1)${sql.slice(last.end)}`;
    const mistake = {
      code: 'CHECK_TYPE' as const,
      sentence: `The key of the dictionary '${name}' is ${types.length === 1 ? types[0] : `(${types.join(', ')})`}, and it is asked for another`,
      hint: types.length === 1 ? 'Convert the value.' : 'Give its columns as a tuple, in their order.',
    };
    return [{ offset: first.start, statement: describeSelect(variant), mistakeOf: () => mistake }];
  });
}
