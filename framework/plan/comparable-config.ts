import type { ModelNode, SeedNode } from '../manifest/manifest.ts';
import type { Relation } from '../manifest/relation.ts';
import type { Column } from '../project/models-file.ts';
import { normalizeSql } from './normalize-sql.ts';

/** What stands for a database that the target names. */
const ofTarget = '{target}';

/** Where a node is built, without what the target says of it. */
export function relationAnywhere({ config, relation }: ModelNode | SeedNode): Relation {
  return { database: config.database ?? ofTarget, name: relation.name };
}

/** Config keys that change nothing but words and selections, and those that other facts hold. */
const otherwiseKnown = new Set(['enabled', 'tags', 'meta', 'database', 'alias', 'contract', 'description', 'docs', 'group']);
/** Config keys that hold SQL, so that their form does not count. */
const sqlKeys = new Set(
  'engine order_by primary_key partition_by ttl indexes projections overwrite_range codecs column_types where warn_if error_if fail_calc'.split(
    ' ',
  ),
);

/** A config as far as it decides how a relation is laid out and made; SQL in it in its normal form. */
export function comparableConfig(config: object): Record<string, unknown> {
  const entries = Object.entries(config).filter(([key]) => !otherwiseKnown.has(key));
  return Object.fromEntries(entries.map(([key, value]) => [key, sqlKeys.has(key) ? normalizeTexts(value) : value]));
}

function normalizeTexts(value: unknown): unknown {
  if (typeof value === 'string') return normalizeSql(value);
  if (Array.isArray(value)) return value.map(normalizeTexts);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, normalizeTexts(item)]));
}

/** What columns promise, whatever their order. */
export function contractOf(columns: readonly Column[]) {
  return columns
    .map(({ name, type, constraints }) => ({ name, type: type === null ? null : normalizeSql(type), constraints }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
