import { hash } from 'node:crypto';

/** Hex digits of a fact: enough to tell two versions of one node apart. */
export const hashLength = 16;

/** The hash of a value, whatever the order of keys in it; places in files do not count. */
export function hashOf(value: unknown): string {
  return hash('sha256', canonicalJson(value)).slice(0, hashLength);
}

/** JSON with the keys of every map in order, so that theirs in a file does not count, and without places in files. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return item;
    if ('line' in item && 'column' in item) return undefined;
    return Object.fromEntries(Object.entries(item).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}
