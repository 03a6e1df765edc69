import { isToken, type SqlToken, sqlTokens } from './sql-tokens.ts';

/** One expression of a SELECT's list. */
export interface SelectItem {
  /** The name its column gets, where it is written down: an alias, or a column's own name. */
  readonly name: string | null;
  /** Whether it may stand for several columns. */
  readonly isStar: boolean;
  readonly start: number;
  /** Behind its last character. */
  readonly end: number;
}

/** The lists of the outermost SELECTs of `sql`: several where a union joins them. */
export function selectItems(sql: string): readonly (readonly SelectItem[])[] {
  const lists: SelectItem[][] = [];
  let item: SqlToken[] | null = null;
  let depth = 0;
  const end = (): void => {
    if (item && item.length > 0) lists.at(-1)?.push(itemOf(item));
    item = item && [];
  };
  for (const token of sqlTokens(sql)) {
    if (isToken(token, ')', ']')) depth--;
    if (depth === 0 && isToken(token, 'select')) {
      lists.push([]);
      item = [];
    } else if (item && depth === 0 && isToken(token, 'from', 'union', 'intersect', 'settings', 'limit', 'where')) {
      end();
      item = null;
    } else if (item && depth === 0 && isToken(token, ',')) end();
    else if (!(item?.length === 0 && isToken(token, 'distinct'))) item?.push(token);
    if (isToken(token, '(', '[')) depth++;
  }
  end();
  return lists;
}

/** What makes a column of the result, in each of the outermost SELECTs; by its position where no name or star stands in the way. */
export function itemsOfColumn(sql: string, name: string, index: number): readonly SelectItem[] {
  const [first = [], ...others] = selectItems(sql);
  const byName = first.findIndex((item) => item.name === name);
  const hasStar = (items: readonly SelectItem[]): boolean => items.slice(0, index + 1).some(({ isStar }) => isStar);
  const at = byName >= 0 ? byName : hasStar(first) ? -1 : index;
  return [first, ...others].flatMap((items) => items[at] ?? []);
}

/** Where those stand. */
export function placesOfColumn(sql: string, name: string, index: number): readonly number[] {
  return itemsOfColumn(sql, name, index).map(({ start }) => start);
}

function itemOf(tokens: readonly SqlToken[]): SelectItem {
  const [first, last] = [tokens[0], tokens.at(-1)];
  const isName = last?.kind === 'word' || last?.kind === 'quoted';
  const isStar =
    tokens.some((token, index) => isToken(token, '*') && (index === 0 || isToken(tokens[index - 1], '.'))) || isToken(first, 'columns');
  return { name: isName && !isStar ? last.value : null, isStar, start: first?.start ?? 0, end: last?.end ?? 0 };
}
