/** Fields that columns read: `true` for one that is read whole, its own fields for one that is read in parts. */
export type ReadFields = ReadonlyMap<string, ReadFields | true>;

/** Of paths such as `['header', 'userId']`. */
export function readFields(paths: readonly (readonly string[])[]): ReadFields {
  const groups = Map.groupBy(
    paths.filter((path) => path.length > 0),
    ([first = '']) => first,
  );
  const fields = [...groups].map(([first, group]) => {
    const rests = group.map((path) => path.slice(1));
    return [first, rests.some((rest) => rest.length === 0) ? true : readFields(rests)] as const;
  });
  return new Map(fields);
}

/** What of an object no column reads, or null where that is nothing. */
export function unknownFields(object: object, read: ReadFields): Record<string, unknown> | null {
  const unknown: [string, unknown][] = [];
  for (const [key, value] of Object.entries(object)) {
    const known = read.get(key);
    if (known === true) continue;
    const rest = known && isFields(value) ? unknownFields(value, known) : value;
    if (rest !== null || value === null) unknown.push([key, rest]);
  }
  return unknown.length === 0 ? null : Object.fromEntries(unknown); // which takes __proto__ for a name like any other
}

/** Calls `report` with the path of every field that no column reads; of a field read in no part with its own path alone. */
export function eachUnknownField(object: object, read: ReadFields, report: (path: string) => void, prefix = ''): void {
  for (const key of Object.keys(object)) {
    const known = read.get(key);
    if (known === true) continue;
    const value = (object as Record<string, unknown>)[key];
    if (known && isFields(value)) eachUnknownField(value, known, report, `${prefix}${key}.`);
    else report(`${prefix}${key}`);
  }
}

function isFields(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
