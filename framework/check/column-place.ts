import { type Location, locate } from '../foundation/location.ts';
import type { ModelNode, SeedNode, SourceNode } from '../manifest/manifest.ts';
import type { Project } from '../project/project.ts';

/** Where a column of a relation is declared; `otherwise` where it is not, or the relation's own place. */
export function placeOfColumn(
  node: SourceNode | SeedNode | ModelNode,
  name: string,
  project: Project,
  otherwise: Location = node.at,
): Location {
  const declared = node.columns.find((column) => column.name === name);
  const properties = project.properties.find((entry) => entry.of === node.kind && entry.name === node.name);
  const file = node.kind === 'source' ? node.file : properties?.file;
  return declared && file !== undefined ? locate(file, declared.at) : otherwise;
}
