import { readFileSync } from 'node:fs';
import stringWidth from 'string-width';
import type { Location } from '../foundation/location.ts';

const maxLineLength = 160;

/** The line at a place with a caret below, or an empty list where the file or line is not to be had. */
export function codeFrame(path: string, at: Location): readonly string[] {
  const line = readLine(path, at.line);
  if (line === undefined) return [];
  const start = Math.max(0, Math.min(at.column - 1, line.length) - maxLineLength / 2);
  const shown = line.slice(start, start + maxLineLength);
  const before = shown.slice(0, at.column - 1 - start);
  const gutter = String(at.line);
  return [`${gutter} | ${shown}`, `${' '.repeat(gutter.length)} | ${blank(before)}^`];
}

/** White space as wide as `text`; tabs stay tabs, so that the caret stands below its character. */
function blank(text: string): string {
  return text
    .split('\t')
    .map((part) => ' '.repeat(stringWidth(part)))
    .join('\t');
}

function readLine(path: string, line: number): string | undefined {
  try {
    return readFileSync(path, 'utf8').split(/\r?\n/)[line - 1];
  } catch {
    return undefined;
  }
}
