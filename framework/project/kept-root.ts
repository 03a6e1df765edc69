import type { Location } from '../foundation/location.ts';
import type { FolderConfig } from './folder-config.ts';
import type { ModelConfig } from './model-config.ts';
import type { Root } from './parse-project-file.ts';
import type { PlacedConfig } from './placed-config.ts';
import type { TestConfig } from './test-config.ts';

/** What project.yaml says of one target, as the cache keeps it. */
export interface KeptRoot {
  /** null: of the target that the file names itself. */
  readonly asked: string | null;
  readonly root: Root;
}

/** One line of JSON. */
export function formatKeptRoot({ asked, root }: KeptRoot): string {
  const { models, seeds, tests } = root.folderConfigs;
  return JSON.stringify({ asked, root: { ...root, folderConfigs: { models: pack(models), seeds: pack(seeds), tests: pack(tests) } } });
}

/** What `formatKeptRoot` was given, where JSON can hold it. */
export function parseKeptRoot(line: string): KeptRoot {
  const { asked, root } = JSON.parse(line) as PackedRoot;
  const { models, seeds, tests } = root.folderConfigs;
  return { asked, root: { ...root, folderConfigs: { models: unpack(models), seeds: unpack(seeds), tests: unpack(tests) } } };
}

interface PackedRoot {
  readonly asked: string | null;
  readonly root: Omit<Root, 'folderConfigs'> & {
    readonly folderConfigs: {
      readonly models: Packed<ModelConfig>;
      readonly seeds: Packed<ModelConfig>;
      readonly tests: Packed<TestConfig>;
    };
  };
}

/** A tree whose maps are lists of their entries. */
interface Packed<Config> {
  readonly config: PlacedConfig<Config>;
  readonly folders: readonly (readonly [string, Packed<Config> & { readonly at: Location }])[];
}

function pack<Config>({ config, folders }: FolderConfig<Config>): Packed<Config> {
  return { config, folders: [...folders].map(([name, folder]) => [name, { ...pack(folder), at: folder.at }]) };
}

function unpack<Config>({ config, folders }: Packed<Config>): FolderConfig<Config> {
  return { config, folders: new Map(folders.map(([name, folder]) => [name, { ...unpack(folder), at: folder.at }])) };
}
