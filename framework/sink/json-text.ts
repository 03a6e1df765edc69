/** Node's, which TypeScript's library does not know yet. */
const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => unknown };

/** A value as JSON text, with bigints as the integers they are; undefined where it has none (a function, a circle). */
export function jsonText(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return exactText(value);
  }
}

function exactText(value: unknown): string | undefined {
  try {
    return JSON.stringify(value, (_key, part) => (typeof part === 'bigint' ? rawJSON(String(part)) : part));
  } catch {
    return undefined; // a circle
  }
}

/** The value itself, in a form that `JSON.stringify` takes. */
export function jsonValue(value: unknown): unknown {
  if (typeof value === 'bigint') return rawJSON(String(value));
  if (Array.isArray(value)) return value.some(holdsBigint) ? value.map(jsonValue) : value;
  if (!holdsBigint(value)) return value;
  return Object.fromEntries(Object.entries(value as object).map(([key, part]) => [key, jsonValue(part)]));
}

function holdsBigint(value: unknown): boolean {
  if (typeof value === 'bigint') return true;
  if (typeof value !== 'object' || value === null) return false;
  for (const key in value) if (holdsBigint((value as Record<string, unknown>)[key])) return true;
  return false;
}
