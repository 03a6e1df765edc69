import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Location } from '../foundation/location.ts';

/**
 * The line of a YAML file that gives the key this text, or line `nth` of it: the first one at `from` or behind it, or else before it. `from`
 * where there is none.
 */
export function placeOfText(key: string, text: string, from: Location, projectDir: string, nth = 0): Location {
  const lines = readFileSync(join(projectDir, from.file), 'utf8').split('\n');
  const named = lines.flatMap((line, index) => (isKey(line, key) ? [index] : []));
  const wanted = (text.split('\n')[nth] ?? '').trim();
  const holding = named.flatMap((start) => {
    const end = lines.findIndex((line, index) => index > start && isKey(line, key));
    const found = lines.slice(start, end < 0 ? undefined : end).findIndex((line, index) => {
      const written = index === 0 ? line.slice(line.search(keyPattern(key)) + key.length) : line;
      return written.includes(wanted);
    });
    return found < 0 ? [] : [{ start, line: start + found }];
  });
  const best = holding.find(({ start }) => start >= from.line - 1) ?? holding[0];
  if (best === undefined) return from;
  return { file: from.file, line: best.line + 1, column: (lines[best.line] ?? '').lastIndexOf(wanted) + 1 };
}

function isKey(line: string, key: string): boolean {
  return keyPattern(key).test(line);
}

function keyPattern(key: string): RegExp {
  return new RegExp(`(?<![\\w.])${key}["']?\\s*:`);
}
