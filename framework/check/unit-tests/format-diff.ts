import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';
import type { RowPair, RowsDiff, TextRow } from './compare-rows.ts';

/** Rows shown at most; those beyond are counted. */
const maxPairs = 10;
const minCell = 8;
const maxCell = 40;
const labels = { expected: 'expected', got: 'got', missing: 'missing', extra: 'extra' } as const;
const labelWidth = 2 + Math.max(...Object.values(labels).map((label) => label.length)) + 2;

/**
 * The rows that differ, as lines no wider than `width`: what was expected above what came, with `^` below the cells that differ. Columns that
 * are equal give way where not all have room.
 */
export function formatDiff(diff: RowsDiff, columns: readonly string[], width: number): readonly string[] {
  const shown = diff.slice(0, maxPairs);
  const layout = layOut(shown, columns, width - labelWidth);
  const line = (label: string, cells: readonly string[]): string => `  ${label.padEnd(labelWidth - 2)}${cells.join('  ')}`.trimEnd();
  const row = (label: string, values: TextRow): string =>
    line(
      label,
      layout.map(({ index, width: room }) => fit(cellText(values[index] ?? null), room)),
    );
  const lines = shown.flatMap((pair) => linesOf(pair, row, line, layout));
  const head = line(
    '',
    layout.map(({ index, width: room }) => fit(columns[index] ?? '', room)),
  );
  const hidden = columns.length - layout.length;
  return [
    head,
    ...lines,
    ...(diff.length > shown.length ? [`  … and ${diff.length - shown.length} more rows that differ`] : []),
    ...(hidden > 0 ? [`  … and ${hidden === 1 ? 'a column' : `${hidden} columns`} without room`] : []),
  ];
}

interface ShownColumn {
  readonly index: number;
  readonly width: number;
}

function linesOf(
  { expected, got, differs }: RowPair,
  row: (label: string, values: TextRow) => string,
  line: (label: string, cells: readonly string[]) => string,
  layout: readonly ShownColumn[],
): readonly string[] {
  if (expected === null) return got === null ? [] : [row(labels.extra, got)];
  if (got === null) return [row(labels.missing, expected)];
  const marks = layout.map(({ index, width }) => {
    const longest = Math.max(...[expected, got].map((values) => stringWidth(fit(cellText(values[index] ?? null), width).trimEnd())));
    return (differs[index] ? '^'.repeat(Math.max(1, longest)) : '').padEnd(width);
  });
  return [row(labels.expected, expected), row(labels.got, got), line('', marks)];
}

/** Which columns are shown and how wide: those that differ first, then the others from the left as long as there is room. */
function layOut(pairs: readonly RowPair[], columns: readonly string[], room: number): readonly ShownColumn[] {
  const widest = (index: number): number => {
    const cells = pairs.flatMap(({ expected, got }) => [expected, got].map((row) => (row ? stringWidth(cellText(row[index] ?? null)) : 0)));
    return Math.min(maxCell, Math.max(1, stringWidth(columns[index] ?? ''), ...cells));
  };
  const matters = (index: number): number => Number(!pairs.some(({ differs }) => differs[index]));
  const wanted = columns
    .map((_, index) => ({ index, width: widest(index) }))
    .toSorted((a, b) => matters(a.index) - matters(b.index) || a.index - b.index);
  const chosen: ShownColumn[] = [];
  let left = room;
  for (const column of wanted) {
    const width = Math.min(column.width, Math.max(minCell, left));
    if (width > left && chosen.length > 0) continue;
    chosen.push({ ...column, width });
    left -= width + 2;
  }
  return chosen.toSorted((a, b) => a.index - b.index);
}

function cellText(value: string | null): string {
  if (value === null) return 'NULL';
  if (value === '') return "''";
  return stripVTControlCharacters(value)
    .replaceAll(/\r?\n/g, '↵')
    .replaceAll(/\p{Cc}/gu, ' ');
}

/** A text as wide as its column: filled with spaces, or cut. */
function fit(text: string, width: number): string {
  if (stringWidth(text) <= width) return text + ' '.repeat(width - stringWidth(text));
  let cut = '';
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (stringWidth(cut + segment) >= width) break;
    cut += segment;
  }
  return `${cut}…${' '.repeat(Math.max(0, width - stringWidth(cut) - 1))}`;
}
