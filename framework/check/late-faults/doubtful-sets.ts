import { parseClickHouseType } from '../../connections/clickhouse-type.ts';
import { describeSelect } from '../relation-statements.ts';
import { selectItems } from '../select-items.ts';
import { afterBracket, isToken, type SqlToken } from '../sql-tokens.ts';
import type { Doubt, PlainMistake } from './doubt.ts';

/**
 * `x in (select …)`: ClickHouse compares the two sides when a row comes. Asked by `x = (select …)`, whose sides it compares at once, and whose
 * complaint counts where the sides are of other numbers of values.
 */
export function doubtfulSets(sql: string, tokens: readonly SqlToken[]): readonly Doubt[] {
  const withNames = new Set(
    tokens.flatMap((token, index) => (isToken(tokens[index + 1], 'as') && isToken(tokens[index + 2], '(') ? token.value : [])),
  );
  return tokens.flatMap((token, index) => {
    const [next, behind] = [tokens[index + 1], tokens[index + 2]];
    if (!isToken(token, 'in') || !next) return [];
    const isQuery = isToken(next, '(') && isToken(behind, 'select', 'with');
    const isNamed = (next.kind === 'word' || next.kind === 'quoted') && withNames.has(next.value) && !isToken(behind, '.', '(');
    if (!isQuery && !isNamed) return [];
    const last = isQuery ? tokens[afterBracket(tokens, index + 1) - 1] : next;
    const start = startOfOperator(tokens, index);
    if (!last || !start) return [];
    const written = sql.slice(next.start, last.end);
    const query = isQuery ? written : `(select * from ${written})`;
    const variant = `${sql.slice(0, start.start)} = ${query} ${sql.slice(last.end)}`;
    const items = isQuery ? (selectItems(written.slice(1, -1))[0] ?? []) : [];
    const places = items.map((item) => next.end + item.start);
    return [{ offset: next.start, statement: describeSelect(variant), mistakeOf: (said) => mistakeOf(said, places, token.start) }];
  });
}

/** `global not in` begins with `global`. */
function startOfOperator(tokens: readonly SqlToken[], index: number): SqlToken | undefined {
  let first = index;
  while (isToken(tokens[first - 1], 'not', 'global')) first--;
  return tokens[first];
}

/** `places`: of what the subquery returns, where its list is written down; `operator`: of `in`. */
function mistakeOf(said: string, places: readonly number[], operator: number): PlainMistake | null {
  const [, left, right] = /Illegal types of arguments \(`(.*)`, `(.*)`\) of function `equals`/.exec(said) ?? [];
  if (left === undefined || right === undefined) return null;
  const [wanted, got] = [valuesOf(left), valuesOf(right)];
  if (wanted === got) {
    if (!/^(?:Array|Map)\(/.test(left) && !/^(?:Array|Map)\(/.test(right)) return null;
    return { code: 'CHECK_TYPE', offset: operator, sentence: `${left} is looked for among values of the type ${right}` };
  }
  const at = got > wanted ? places[wanted] : places.at(-1);
  return {
    code: 'CHECK_TYPE',
    ...(at !== undefined && { offset: at }),
    sentence: `${columns(wanted)} looked for in a subquery that returns ${got}`,
    hint: 'Return as many columns as stand before IN.',
  };
}

function columns(count: number): string {
  return count === 1 ? 'One value is' : `${count} values are`;
}

function valuesOf(type: string): number {
  const { name, args } = parseClickHouseType(type.replace(/^Nullable\((.*)\)$/s, '$1'));
  return name === 'Tuple' ? args.length : 1;
}
