import { isUtf8 } from 'node:buffer';
import { Refusal } from './refusal.ts';

/** Real events nest a handful of levels. What nests deeper would only break those who read it later. */
const maxDepth = 64;

/**
 * The JSON object that a request's body holds. Throws Refusal for anything else, for text that is not UTF-8, for what nests too deep, and
 * for keys that would change an object's prototype in careless readers.
 */
export function readJsonObject(body: Buffer): Record<string, unknown> {
  if (!isUtf8(body)) throw new Refusal('invalid', 'The body is not UTF-8.');
  const value = parse(body.toString('utf8'));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Refusal('invalid', 'A JSON object is expected.');
  checkParts(value, '', 1);
  return value as Record<string, unknown>;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal('invalid', 'The body is no JSON.'); // the parser's own message quotes the body
  }
}

function checkParts(value: object, path: string, depth: number): void {
  if (depth > maxDepth) throw new Refusal('invalid', `The body nests deeper than ${maxDepth} levels.`, path.slice(0, 200));
  const isList = Array.isArray(value);
  for (const [key, part] of Object.entries(value)) {
    if (key === '__proto__' && !isList) throw new Refusal('invalid', 'A key of this name is not taken.', fieldPath(path, key));
    if (typeof part === 'object' && part !== null) checkParts(part, isList ? `${path}[${key}]` : fieldPath(path, key), depth + 1);
  }
}

const fieldPath = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);

/** The value at a path like `event.id`; undefined where there is none. */
export function valueAt(value: unknown, path: string): unknown {
  let at: unknown = value;
  for (const key of path.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<string, unknown>)[key];
  }
  return at;
}
