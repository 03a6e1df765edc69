import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';

export interface TableColumn {
  readonly title: string;
  readonly align: 'left' | 'right';
}

const maxCellWidth = 60;

/** Rows as a table with a head, as wide as its texts look on a terminal: emoji and Indic letters included. */
export function formatTable(columns: readonly TableColumn[], rows: readonly (readonly string[])[]): string {
  const shown = rows.map((row) => row.map(oneLine));
  const titles = columns.map(({ title }) => oneLine(title));
  const widths = titles.map((title, index) => Math.max(stringWidth(title), ...shown.map((row) => stringWidth(row[index] ?? ''))));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => pad(cell, widths[index] ?? 0, columns[index]?.align ?? 'left'))
      .join('  ')
      .trimEnd();
  return [line(titles), widths.map((width) => '─'.repeat(width)).join('  '), ...shown.map(line)].join('\n');
}

/** `text` filled with spaces to a width as seen on a terminal; colors in it have none. */
export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const spaces = ' '.repeat(Math.max(0, width - stringWidth(text)));
  return align === 'left' ? text + spaces : spaces + text;
}

/** Line breaks and control characters made visible, and cut where it would break the table. */
function oneLine(text: string): string {
  const flat = stripVTControlCharacters(text)
    .replaceAll(/\r?\n/g, '↵')
    .replaceAll(/\p{Cc}/gu, ' ');
  if (stringWidth(flat) <= maxCellWidth) return flat;
  let cut = '';
  for (const { segment } of new Intl.Segmenter().segment(flat)) {
    if (stringWidth(cut + segment) >= maxCellWidth) break;
    cut += segment;
  }
  return `${cut}…`;
}
