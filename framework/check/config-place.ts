import type { Location } from '../foundation/location.ts';
import type { ModelNode, SeedNode } from '../manifest/manifest.ts';
import { placeOfKey } from '../manifest/merge-config.ts';
import { configsAlong } from '../project/folder-config.ts';
import type { ModelConfig } from '../project/model-config.ts';
import { emptyConfig } from '../project/placed-config.ts';
import type { Project } from '../project/project.ts';

/** Where a key of the node's config was stated last; the node's own place where only the default holds. */
export function placeOfConfig(project: Project, node: ModelNode | SeedNode, key: keyof ModelConfig): Location {
  const files = node.kind === 'model' ? project.models : project.seeds;
  const file = files.find(({ name }) => name === node.name);
  const properties = project.properties.find(({ of, name }) => of === node.kind && name === node.name);
  const tree = node.kind === 'model' ? project.folderConfigs.models : project.folderConfigs.seeds;
  const along = file ? configsAlong(tree, [...file.folders, file.name]) : [];
  const own = file && 'config' in file ? file.config : emptyConfig;
  return placeOfKey(key, [...along, properties?.config ?? emptyConfig, own]) ?? node.at;
}
