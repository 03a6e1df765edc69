/** A row as ClickHouse writes its values; null is NULL. */
export type TextRow = readonly (string | null)[];

/** An expected row beside the one that came in its place; null where a side has none. */
export interface RowPair {
  readonly expected: TextRow | null;
  readonly got: TextRow | null;
  /** Columns in which the two differ. */
  readonly differs: readonly boolean[];
}

/** The rows that are not the same; empty where all are. */
export type RowsDiff = readonly RowPair[];

export interface CompareOptions {
  readonly ordered: boolean;
  /** Of each column, whether it holds numbers with a fraction, which may differ in the tenth digit. */
  readonly isFloat: readonly boolean[];
}

/** Compares rows as multisets, or one by one where they are ordered. Rows without a partner stand beside the one most like them. */
export function compareRows(expected: readonly TextRow[], got: readonly TextRow[], { ordered, isFloat }: CompareOptions): RowsDiff {
  const same = (a: TextRow, b: TextRow): boolean => a.every((cell, index) => isSame(cell, b[index] ?? null, isFloat[index] === true));
  if (ordered) {
    const count = Math.max(expected.length, got.length);
    const pairs = Array.from({ length: count }, (_, index) => pair(expected[index] ?? null, got[index] ?? null, isFloat));
    return pairs.filter((both) => both.expected === null || both.got === null || !same(both.expected, both.got));
  }
  const { missing, extra } = withoutEqual(expected, got, same);
  return pairAlike(missing, extra, isFloat);
}

/** What is left when every row is taken away that both sides have: by their text, then by their numbers. */
function withoutEqual(expected: readonly TextRow[], got: readonly TextRow[], same: (a: TextRow, b: TextRow) => boolean) {
  const waiting = new Map<string, TextRow[]>();
  for (const row of got) {
    const key = JSON.stringify(row);
    waiting.set(key, [...(waiting.get(key) ?? []), row]);
  }
  const unlike = expected.filter((row) => waiting.get(JSON.stringify(row))?.pop() === undefined);
  const extra = [...waiting.values()].flat();
  const missing = unlike.filter((row) => {
    const partner = extra.findIndex((other) => same(row, other));
    if (partner >= 0) extra.splice(partner, 1);
    return partner < 0;
  });
  return { missing, extra };
}

/** More pairs than this are not weighed against each other. */
const maxWeighed = 40_000;

/** Pairs rows with those they share the most values with. */
function pairAlike(missing: readonly TextRow[], extra: readonly TextRow[], isFloat: readonly boolean[]): RowsDiff {
  const weighed =
    missing.length * extra.length > maxWeighed
      ? []
      : missing.flatMap((row, at) => extra.map((other, to) => ({ at, to, alike: alike(row, other) })));
  const partners = new Map<number, number>();
  const taken = new Set<number>();
  for (const { at, to, alike: count } of weighed.toSorted((a, b) => b.alike - a.alike)) {
    const isOnly = missing.length === 1 && extra.length === 1;
    if ((count === 0 && !isOnly) || partners.has(at) || taken.has(to)) continue;
    partners.set(at, to);
    taken.add(to);
  }
  return [
    ...missing.map((row, at) => pair(row, extra[partners.get(at) ?? -1] ?? null, isFloat)),
    ...extra.filter((_row, to) => !taken.has(to)).map((row) => pair(null, row, isFloat)),
  ];
}

function alike(a: TextRow, b: TextRow): number {
  return a.filter((cell, index) => cell === b[index]).length;
}

function pair(expected: TextRow | null, got: TextRow | null, isFloat: readonly boolean[]): RowPair {
  const cells = (expected ?? got ?? []).map((_cell, index) => index);
  const differs = cells.map(
    (index) => expected !== null && got !== null && !isSame(expected[index] ?? null, got[index] ?? null, isFloat[index] === true),
  );
  return { expected, got, differs };
}

const number = /[-+]?(?:\d+\.?\d*(?:e[-+]?\d+)?)/gi;

/** Sums of floats depend on the order of their rows in the last digits; the texts around the numbers, as in arrays, must be equal. */
function isSame(a: string | null, b: string | null, isFloat: boolean): boolean {
  if (a === b) return true;
  if (!isFloat || a === null || b === null || a.replaceAll(number, '#') !== b.replaceAll(number, '#')) return false;
  const [left, right] = [a.match(number) ?? [], b.match(number) ?? []];
  return left.every((text, index) => isClose(Number(text), Number(right[index])));
}

function isClose(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
}
