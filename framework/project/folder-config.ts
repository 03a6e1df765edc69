import type { z } from 'zod';
import { didYouMean } from '../foundation/closest.ts';
import type { Diagnostics } from '../foundation/diagnostics.ts';
import { GccflowError } from '../foundation/error.ts';
import type { Location } from '../foundation/location.ts';
import { checkShape } from './check-shape.ts';
import type { YamlDocument, YamlPath } from './parse-yaml.ts';
import { partialOf } from './partial-of.ts';
import type { PlacedConfig } from './placed-config.ts';

/** Config of a folder and of the folders in it, as project.yaml states it. */
export interface FolderConfig<Config> {
  readonly config: PlacedConfig<Config>;
  readonly folders: ReadonlyMap<string, FolderConfig<Config> & { readonly at: Location }>;
}

/**
 * Reads a tree where a config key (`tags`, or `+tags` to tell it from a folder of that name) stands beside the names of folders.
 * A key that is neither a config key nor, further on, a folder's name is a mistake: see `checkFolders`.
 */
export function readFolderConfig<Shape extends z.core.$ZodLooseShape>(
  schema: z.ZodObject<Shape, z.core.$strict>,
  tree: Readonly<Record<string, unknown>>,
  document: YamlDocument,
  path: YamlPath,
  diagnostics: Diagnostics,
): FolderConfig<z.output<z.ZodObject<Shape, z.core.$strict>>> {
  const entry = partialOf(schema);
  const values: Record<string, unknown> = {};
  const at: Record<string, Location> = {};
  const folders = new Map<string, FolderConfig<z.output<z.ZodObject<Shape, z.core.$strict>>> & { readonly at: Location }>();
  for (const [key, value] of Object.entries(tree)) {
    const name = key.replace(/^\+/, '');
    const here = [...path, key];
    const isFolder =
      !key.startsWith('+') && !Object.hasOwn(schema.shape, name) && value !== null && typeof value === 'object' && !Array.isArray(value);
    if (isFolder) {
      const folder = readFolderConfig(schema, value as Record<string, unknown>, document, here, diagnostics);
      folders.set(key, { ...folder, at: document.keyAt(here) });
      continue;
    }
    const places = {
      at: (inner: YamlPath) => document.at([...here, ...inner.slice(1)]),
      keyAt: (inner: YamlPath) => document.keyAt([...here, ...inner.slice(1)]),
    };
    Object.assign(values, checkShape(entry, { [name]: value }, places, diagnostics));
    at[name] = places.at([]);
  }
  return {
    config: { file: document.file, values, at } as unknown as FolderConfig<z.output<z.ZodObject<Shape, z.core.$strict>>>['config'],
    folders,
  };
}

/** The configs along a node's folders, the outermost first. */
export function configsAlong<Config>(tree: FolderConfig<Config>, folders: readonly string[]): PlacedConfig<Config>[] {
  const configs = [tree.config];
  let level: FolderConfig<Config> | undefined = tree;
  for (const folder of folders) {
    level = level.folders.get(folder);
    if (!level) break;
    configs.push(level.config);
  }
  return configs;
}

/** Reports KEY_UNKNOWN for every name in the tree that is no folder of the project. `known` holds paths such as `marts/genre`. */
export function checkFolders<Config>(
  tree: FolderConfig<Config>,
  root: string,
  known: ReadonlySet<string>,
  configKeys: readonly string[],
  diagnostics: Diagnostics,
  above = '',
): void {
  for (const [name, folder] of tree.folders) {
    const path = `${above}${name}`;
    if (known.has(path)) {
      checkFolders(folder, root, known, configKeys, diagnostics, `${path}/`);
      continue;
    }
    const siblings = [...known].filter((other) => other.startsWith(above)).map((other) => other.slice(above.length).split('/')[0] ?? '');
    const hint = didYouMean(name, [...siblings, ...configKeys]);
    const message = `'${name}' is neither a config key nor a folder or node in '${root}${above === '' ? '' : `/${above.slice(0, -1)}`}'.`;
    diagnostics.report(new GccflowError('KEY_UNKNOWN', message, { at: folder.at, hint }));
  }
}
