import type { Location } from '../foundation/location.ts';
import type { PlacedConfig } from '../project/placed-config.ts';

/** A config with every default filled in, and where each key that some place states was stated last. */
export interface MergedConfig<Config> {
  readonly config: Config;
  readonly at: Readonly<Partial<Record<keyof Config, Location>>>;
}

/** Keys whose texts add up over the places. */
const appended: ReadonlySet<string> = new Set(['tags', 'pre_hook', 'post_hook']);
/** Keys whose mappings are joined, the nearer place winning within. */
const merged: ReadonlySet<string> = new Set(['meta']);

/** Joins configs, the farthest place first, in dbt's way: tags and hooks append, meta merges, every other key is replaced. */
export function mergeConfigs<Config extends object>(defaults: Config, places: readonly PlacedConfig<Config>[]): MergedConfig<Config> {
  const config: Record<string, unknown> = Object.fromEntries(Object.entries(defaults));
  const at: Partial<Record<keyof Config, Location>> = {};
  for (const place of places) {
    for (const [key, value] of Object.entries(place.values)) {
      config[key] = join(key, config[key], value);
    }
    Object.assign(at, place.at);
  }
  return { config: config as unknown as Config, at };
}

function join(key: string, before: unknown, value: unknown): unknown {
  if (appended.has(key)) return [...new Set([...(before as string[]), ...(value as string[])])];
  if (merged.has(key)) return { ...(before as object), ...(value as object) };
  return value;
}
