import { readValue, type Value } from './scope.ts';

/** Reads JSON whose texts are expressions: its value has theirs in their places. What gives nothing is left out, null within a list. */
export function readJson(template: unknown, file: string): Value {
  if (typeof template === 'string') return readValue(template, file);
  if (typeof template !== 'object' || template === null) return async () => template;
  if (Array.isArray(template)) return readList(template.map((item) => readJson(item, file)));
  return readObject(Object.entries(template).map(([key, item]) => [key, readJson(item, file)]));
}

function readList(items: readonly Value[]): Value {
  return async (scope) => {
    const values: unknown[] = [];
    for (const item of items) values.push((await item(scope)) ?? null);
    return values;
  };
}

function readObject(entries: readonly (readonly [string, Value])[]): Value {
  return async (scope) => {
    const values: Record<string, unknown> = {};
    for (const [key, item] of entries) {
      const value = await item(scope);
      if (value !== undefined) values[key] = value;
    }
    return values;
  };
}
