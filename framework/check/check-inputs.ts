import { GccflowError } from '../foundation/error.ts';
import type { Manifest, SourceNode } from '../manifest/manifest.ts';
import type { CheckedGraph } from './checked-graph.ts';
import { declaredColumns } from './declared-columns.ts';
import type { Finding } from './finding.ts';

/** Sources whose columns nobody declares, though something reads them that could be checked otherwise. */
export function untypedSources(manifest: Manifest, { relations }: CheckedGraph): readonly Finding[] {
  return [...manifest.nodes.values()].flatMap((node) => {
    if (node.kind !== 'source' || relations.has(node.id) || declaredColumns(node, manifest)) return [];
    const readers = (manifest.children.get(node.id) ?? []).filter((id) => manifest.nodes.get(id)?.kind === 'model');
    return readers.length === 0 ? [] : [untyped(node, readers.length)];
  });
}

function untyped(node: SourceNode, readers: number): Finding {
  const name = `${node.sourceName}.${node.name}`;
  const typeless = node.columns.filter(({ type }) => type === null).map((column) => `'${column.name}'`);
  const lacks = node.columns.length === 0 ? 'no columns' : `no type of ${typeless.join(', ')}`;
  const models = readers === 1 ? 'the model that reads it is' : `the ${readers} models that read it are`;
  const message = `The source '${name}' declares ${lacks}, so ${models} not checked.`;
  const hint = 'Declare all columns that are read with their types: columns: [{ name: id, type: UInt64 }].';
  return { severity: 'warn', node: node.id, error: new GccflowError('CHECK_UNTYPED', message, { at: node.at, hint }) };
}
