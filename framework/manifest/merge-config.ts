import { type Location, locate } from '../foundation/location.ts';
import type { PlacedConfig } from '../project/placed-config.ts';

/** Keys whose texts add up over the places. */
const appended: ReadonlySet<string> = new Set(['tags', 'pre_hook', 'post_hook']);
/** Keys whose mappings are joined, the nearer place winning within. */
const merged: ReadonlySet<string> = new Set(['meta']);

/** Joins configs, the farthest place first, in dbt's way: tags and hooks append, meta merges, every other key is replaced. */
export function mergeConfigs<Config>(defaults: Config, places: readonly PlacedConfig<Config>[]): Config {
  const config: Record<string, unknown> = { ...(defaults as Readonly<Record<string, unknown>>) }; // a spread copies fast, Object.assign does not
  for (const place of places) {
    const values = place.values as Readonly<Record<string, unknown>>;
    for (const key in values) config[key] = join(key, config[key], values[key]);
  }
  return config as unknown as Config;
}

/** Where a key was stated last. */
export function placeOfKey<Config>(key: keyof Config, places: readonly PlacedConfig<Config>[]): Location | undefined {
  const place = places.findLast(({ at }) => at[key] !== undefined);
  const position = place?.at[key];
  return place && position && locate(place.file, position);
}

function join(key: string, before: unknown, value: unknown): unknown {
  if (appended.has(key)) return (before as string[]).length === 0 ? value : [...new Set([...(before as string[]), ...(value as string[])])];
  if (merged.has(key)) return { ...(before as object), ...(value as object) };
  return value;
}
