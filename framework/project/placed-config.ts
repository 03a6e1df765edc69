import type { z } from 'zod';
import type { Diagnostics } from '../foundation/diagnostics.ts';
import { locate, type Position, positionOf } from '../foundation/location.ts';
import { checkShape } from './check-shape.ts';
import { ModelConfig } from './model-config.ts';
import type { ConfigCall } from './parse-template.ts';
import type { YamlDocument, YamlPath } from './parse-yaml.ts';
import { partialOf } from './partial-of.ts';

/** Config keys as one file states them, read but without defaults, and where in the file each stands. */
export interface PlacedConfig<Config = ModelConfig> {
  readonly file: string;
  readonly values: Partial<Config>;
  readonly at: Readonly<Partial<Record<keyof Config, Position>>>;
}

/** What one place may state of a model's config. */
export const ModelConfigEntry = partialOf(ModelConfig);

export const emptyConfig: PlacedConfig = { file: '', values: {}, at: {} };

/** The config at `path` of a YAML file, whose shape has been checked. */
export function placeConfig<Config>(values: Partial<Config> | undefined, document: YamlDocument, path: YamlPath): PlacedConfig<Config> {
  const keys = Object.keys(values ?? {}) as (keyof Config & string)[];
  return {
    file: document.file,
    values: values ?? {},
    at: Object.fromEntries(keys.map((key) => [key, positionOf(document.at([...path, key]))])) as PlacedConfig<Config>['at'],
  };
}

/** The `{{config}}` calls of one template, checked against a kind's config; a later call wins. */
export function readConfigCalls<Config>(
  file: string,
  calls: readonly ConfigCall[],
  entry: z.ZodType<Partial<Config>>,
  diagnostics: Diagnostics,
): PlacedConfig<Config> {
  const values: Record<string, unknown> = {};
  const at: Record<string, Position> = {};
  for (const [key, given] of calls.flatMap((call) => Object.entries(call.values))) {
    const places = { at: () => locate(file, given.at), keyAt: () => locate(file, given.keyAt) };
    const read = checkShape(entry, { [key]: given.value }, places, diagnostics);
    if (!read) continue;
    Object.assign(values, read);
    at[key] = given.at;
  }
  return { file, values, at } as PlacedConfig<Config>;
}
