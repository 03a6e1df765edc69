import { didYouMean } from '../foundation/closest.ts';
import { GccflowError } from '../foundation/error.ts';
import type { Manifest, Node } from '../manifest/manifest.ts';

/** The node of a name or id, among those that `fits` takes. Throws SELECTOR_NO_MATCH with the nearest name. */
export function findNode<Fitting extends Node>(name: string, manifest: Manifest, fits: (node: Node) => node is Fitting): Fitting {
  const nodes = [...manifest.nodes.values()].filter(fits);
  const found = nodes.find(({ id }) => id === name) ?? nodes.find((node) => namesOf(node).includes(name));
  if (found) return found;
  throw new GccflowError('SELECTOR_NO_MATCH', `No node that fits here is called '${name}'.`, {
    hint: didYouMean(name, nodes.flatMap(namesOf)) ?? '`gccflow ls --output name` prints the names.',
  });
}

/** A source table is called `source.table`, as in a sync's `from`. */
export function namesOf(node: Node): readonly string[] {
  return node.kind === 'source' ? [`${node.sourceName}.${node.name}`, node.name] : [node.name];
}
