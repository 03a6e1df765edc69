import { didYouMean } from '../foundation/closest.ts';
import { GccflowError } from '../foundation/error.ts';
import type { Manifest, Node } from '../manifest/manifest.ts';

/** The node of a name or id, among those that `fits` takes. Throws SELECTOR_NO_MATCH with the nearest name. */
export function findNode<Fitting extends Node>(name: string, manifest: Manifest, fits: (node: Node) => node is Fitting): Fitting {
  const nodes = [...manifest.nodes.values()].filter(fits);
  const found = nodes.find(({ id }) => id === name) ?? nodes.find((node) => namesOf(node).includes(name));
  if (found) return found;
  const other = [...manifest.nodes.values()].find((node) => node.id === name || namesOf(node).includes(name));
  const kinds = [...new Set(nodes.map(({ kind }) => kind))];
  const what = other
    ? `'${name}' is of type ${other.kind}, which this command does not work on`
    : `No ${kinds.length === 1 ? kinds[0] : 'node that fits here'} is called '${name}'`;
  throw new GccflowError('SELECTOR_NO_MATCH', `${what}.`, {
    hint:
      didYouMean(name, nodes.flatMap(namesOf)) ??
      `\`gccflow ls --output name${kinds.length === 1 ? ` --resource-type ${kinds[0]}` : ''}\` prints the names.`,
  });
}

/** A source table is called `source.table`, as in a sync's `from`. */
export function namesOf(node: Node): readonly string[] {
  return node.kind === 'source' ? [`${node.sourceName}.${node.name}`, node.name] : [node.name];
}
