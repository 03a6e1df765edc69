import { isUtf8 } from 'node:buffer';
import { gunzipSync, inflateSync } from 'node:zlib';
import type { Delivery } from '../connections/broker.ts';
import { RowMistake } from './row-mistake.ts';

/** A body as text and as the value it holds. Integers beyond 2^53 are bigints, every other number is the double that JSON makes of it. */
export interface Body {
  readonly text: string;
  readonly value: unknown;
  /** Of the text, unpacked. */
  readonly bytes: number;
}

/** Lists and objects within one another. No event of ours has ten; ClickHouse and PostgreSQL give up at about a thousand. */
const maxDepth = 100;

/**
 * Reads a delivery's body. Of two keys of one name in one object the later counts, as in every JSON parser.
 * Throws BODY_TOO_LARGE, BODY_ENCODING, BODY_SYNTAX and BODY_DEPTH.
 */
export function parseBody({ body, contentEncoding }: Delivery, maxBytes: number): Body {
  const bytes = unpack(body, contentEncoding, maxBytes);
  if (!isUtf8(bytes)) throw new RowMistake('BODY_ENCODING', 'The body is no UTF-8.');
  const decoded = bytes.toString('utf8');
  const text = decoded.charCodeAt(0) === byteOrderMark ? decoded.slice(1) : decoded;
  if (mayBeDeep(text) && depthOf(text) > maxDepth) {
    throw new RowMistake('BODY_DEPTH', `The body nests lists and objects more than ${maxDepth} deep.`);
  }
  return { text, value: parseJson(text), bytes: bytes.length };
}

const byteOrderMark = 0xfeff;

const unpackers = { gzip: gunzipSync, 'x-gzip': gunzipSync, deflate: inflateSync } as const;

/** Unpacking stops at the limit, so that a bomb costs no more than a large body. */
function unpack(body: Buffer, encoding: string | null, maxBytes: number): Buffer {
  if (body.length > maxBytes) throw tooLarge(`The body has ${body.length} bytes`, maxBytes);
  const name = encoding?.trim().toLowerCase() ?? '';
  if (name === '' || name === 'identity' || name === 'utf-8') return body;
  if (!Object.hasOwn(unpackers, name)) {
    throw new RowMistake('BODY_ENCODING', 'The content encoding is none of gzip and deflate.');
  }
  try {
    return unpackers[name as keyof typeof unpackers](body, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge('The body unpacks to more', maxBytes);
    throw new RowMistake('BODY_ENCODING', `The body is not packed as ${name}, or breaks off.`);
  }
}

function tooLarge(what: string, maxBytes: number): RowMistake {
  return new RowMistake('BODY_TOO_LARGE', `${what}, and max_body allows ${maxBytes}.`);
}

function parseJson(text: string): unknown {
  try {
    return holdsInexact(text) ? JSON.parse(text, exactNumber) : JSON.parse(text);
  } catch (error) {
    if (error instanceof RowMistake) throw error;
    throw new RowMistake('BODY_SYNTAX', text.trim() === '' ? 'The body is empty.' : 'The body is no JSON.');
  }
}

/** Whether a number may not be exact as a double: it has sixteen digits, or an exponent of three. A pattern that says the same takes four times as long. */
function holdsInexact(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    if (!isDigit(text, at)) continue;
    const start = at;
    while (isDigit(text, at)) at++;
    if (beginsNumber(text, start) && (at - start >= 16 || hasLongExponent(text, at))) return true;
  }
  return false;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
}

/** Digits in the middle of a text begin none, but for those of a text that looks like JSON: then the slow way is taken in vain. */
function beginsNumber(text: string, start: number): boolean {
  const before = text[start - 1] === '-' ? start - 2 : start - 1;
  return before < 0 || '[:, \n\r\t'.includes(text[before] ?? '');
}

const longExponent = /[\d.]*[eE]\+?\d{3}/y;

function hasLongExponent(text: string, at: number): boolean {
  const next = text[at];
  if (next !== '.' && next !== 'e' && next !== 'E') return false;
  longExponent.lastIndex = at;
  return longExponent.test(text);
}

/** Digits of the widest integer a column can have, Int256, and a sign. */
const maxDigits = 79;

function exactNumber(_key: string, value: unknown, { source = '' }: { readonly source?: string } = {}): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  if (!Number.isFinite(value)) throw new RowMistake('BODY_SYNTAX', 'The body holds a number beyond the range of a double.');
  return source.length <= maxDigits && /^-?\d+$/.test(source) ? BigInt(source) : value;
}

/** Whether there are enough brackets. Two searches for single characters cost a tenth of what the scan does. */
function mayBeDeep(text: string): boolean {
  return countUpTo(text, '{', maxDepth) + countUpTo(text, '[', maxDepth) > maxDepth;
}

function countUpTo(text: string, bracket: string, most: number): number {
  let count = 0;
  for (let at = text.indexOf(bracket); at >= 0 && count <= most; at = text.indexOf(bracket, at + 1)) count++;
  return count;
}

/** The deepest nesting, brackets in texts aside; of what is no JSON any figure. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') at = endOfText(text, at);
    else if (character === '{' || character === '[') deepest = Math.max(deepest, ++depth);
    else if (character === '}' || character === ']') depth--;
  }
  return deepest;
}

function endOfText(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}
