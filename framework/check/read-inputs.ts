import { GccflowError, messageOf } from '../foundation/error.ts';
import type { Location } from '../foundation/location.ts';
import type { Manifest, SeedNode, SourceNode } from '../manifest/manifest.ts';
import type { Project } from '../project/project.ts';
import { readSeedColumns } from '../run/read-seed-columns.ts';
import { keyOf } from './check-cache.ts';
import type { CheckEngine } from './check-engine.ts';
import type { TypedColumn } from './checked-graph.ts';
import { placeOfColumn } from './column-place.ts';
import { placeOfConfig } from './config-place.ts';
import { declaredColumns } from './declared-columns.ts';
import { engineWarehouse } from './engine-warehouse.ts';
import { thrownFinding } from './fault-finding.ts';
import type { Finding } from './finding.ts';

/** A source or seed whose columns a file says. */
export interface Input {
  readonly node: SourceNode | SeedNode;
  readonly columns: readonly TypedColumn[];
  readonly key: string;
}

/** All that the columns of a source or seed depend on. */
export function inputKey(node: SourceNode | SeedNode, manifest: Manifest): string {
  if (node.kind === 'source') return keyOf([node.relation, declaredColumns(node, manifest)]);
  return keyOf([node.relation, node.contentHash, node.config, typesOf(node)]);
}

/** The columns of a source or seed; null where nothing says them. What is wrong with them is a finding. */
export async function readInput(
  node: SourceNode | SeedNode,
  { manifest, project, engine }: { readonly manifest: Manifest; readonly project: Project; readonly engine: CheckEngine },
): Promise<readonly TypedColumn[] | null | Finding> {
  if (node.kind === 'source') return declaredColumns(node, manifest);
  try {
    return await readSeedColumns(node, engineWarehouse(engine), project.dir);
  } catch (thrown) {
    return thrownFinding(node, thrown, placeNamed(node, thrown, project));
  }
}

/** The declared column that a complaint names. */
function placeNamed(node: SeedNode, thrown: unknown, project: Project): Location | undefined {
  const said = messageOf(thrown);
  const column = node.columns.find(({ name }) => said.includes(`'${name}'`));
  if (!(thrown instanceof GccflowError)) return undefined;
  const typed = Object.keys(node.config.column_types).some((name) => said.includes(`'${name}'`));
  if (typed) return placeOfConfig(project, node, 'column_types');
  return column && placeOfColumn(node, column.name, project);
}

function typesOf({ columns }: SeedNode): readonly string[] {
  return columns.map(({ name, type }) => `${name} ${type}`);
}
