/**
 * Why a path leads nowhere: the shortest part of it that is missing or null, e.g. `data.user.count is missing`. Null where nothing is
 * missing: a list on the way is empty.
 */
export function findMissing(value: unknown, path: readonly string[]): string | null {
  let at = value;
  for (const [index, name] of path.entries()) {
    if (Array.isArray(at)) return inList(at, path, index);
    const prefix = path.slice(0, index + 1).join('.');
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return `${prefix} is missing`;
    at = Reflect.get(at, name);
    if (at === null) return `${prefix} is null`;
  }
  return null;
}

/** A path goes on in each element of a list. */
function inList(items: readonly unknown[], path: readonly string[], index: number): string | null {
  if (items.length === 0) return null;
  const rest = findMissing(items[0], path.slice(index));
  return rest && [...path.slice(0, index), rest].join('.');
}
