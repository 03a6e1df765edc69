import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Diagnostics } from '../foundation/diagnostics.ts';
import { locate } from '../foundation/location.ts';
import { fileUnreadable } from './file-unreadable.ts';

/** The bytes of a file of the project; null after reporting FILE_UNREADABLE. */
export function readBytes(dir: string, file: string, diagnostics: Diagnostics): Buffer | null {
  try {
    return readFileSync(join(dir, file));
  } catch (error) {
    diagnostics.report(fileUnreadable(file, error));
    return null;
  }
}

/** The text of a file of the project; null after reporting FILE_UNREADABLE. */
export function readText(dir: string, file: string, diagnostics: Diagnostics): string | null {
  const bytes = readBytes(dir, file, diagnostics);
  return bytes && decodeText(bytes, file, diagnostics);
}

/** Bytes as UTF-8 text without a byte order mark; null after reporting bytes that are none, at the first of them. */
export function decodeText(bytes: Buffer, file: string, diagnostics: Diagnostics): string | null {
  const text = bytes.toString('utf8').replace(/^\uFEFF/, '');
  const wrong = text.indexOf('\0');
  if (isUtf8(bytes) && wrong < 0) return text;
  const before = text.slice(0, isUtf8(bytes) ? wrong : text.indexOf('\uFFFD')).split('\n');
  const at = locate(file, { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 });
  diagnostics.report(fileUnreadable(file, 'it is no UTF-8 text', at));
  return null;
}
