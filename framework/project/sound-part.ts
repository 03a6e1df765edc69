import type { z } from 'zod';
import type { YamlDocument, YamlPath } from './parse-yaml.ts';

/**
 * A document without what `schema` does not take: unknown keys go, and so do entries of its lists that hold any other mistake.
 * Places are still those of the file. So one mistake does not hide those that only the rest shows. Null where no such part is left.
 */
export function soundPart(schema: z.ZodType, document: YamlDocument): YamlDocument | null {
  const issues = schema.safeParse(document.value).error?.issues ?? [];
  const value = structuredClone(document.value) as Record<string, unknown>;
  const gone = new Map<string, Set<number>>();
  for (const issue of issues) {
    const [list, index] = issue.path;
    if (issue.code === 'unrecognized_keys') removeKeys(value, issue.path as YamlPath, issue.keys);
    else if (typeof list !== 'string' || typeof index !== 'number') return null;
    else gone.set(list, (gone.get(list) ?? new Set()).add(index));
  }
  const kept = new Map<string, readonly number[]>();
  for (const [list, indexes] of gone) {
    const entries = value[list] as readonly unknown[];
    kept.set(
      list,
      [...entries.keys()].filter((index) => !indexes.has(index)),
    );
    value[list] = entries.filter((_entry, index) => !indexes.has(index));
  }
  const original = (path: YamlPath): YamlPath => {
    const [list, index, ...rest] = path;
    const before = typeof index === 'number' ? kept.get(String(list))?.[index] : undefined;
    return list === undefined || before === undefined ? path : [list, before, ...rest];
  };
  const { file } = document;
  return { file, value, at: (path) => document.at(original(path)), keyAt: (path) => document.keyAt(original(path)) };
}

function removeKeys(value: unknown, path: YamlPath, keys: readonly string[]): void {
  const owner = path.reduce((inner, key) => Reflect.get(inner as object, key), value) as object;
  for (const key of keys) Reflect.deleteProperty(owner, key);
}
