import { contractMistakes } from '../manifest/contract.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { promisedColumns } from '../run/hold-contract.ts';
import type { CheckedGraph } from './checked-graph.ts';
import { errorFinding } from './fault-finding.ts';
import type { Finding } from './finding.ts';
import { placeOfOutput } from './output-place.ts';

/** Enforced contracts against what ClickHouse says that the models return. */
export function checkContracts(manifest: Manifest, { relations }: CheckedGraph): readonly Finding[] {
  return [...relations].flatMap(([id, { columns, from }]) => {
    const node = manifest.nodes.get(id);
    if (node?.kind !== 'model' || from !== 'checked') return [];
    const placeOf = (name: string) => placeOfOutput(node, manifest, columns, name);
    return contractMistakes(node, promisedColumns(node, columns), placeOf).map((error) => errorFinding(node, error));
  });
}
