import { isBound } from '../../manifest/build-streams.ts';
import type { FlowNode, Manifest, NodeId, SinkNode, SourceNode, SyncNode } from '../../manifest/manifest.ts';
import type { CheckedGraph } from '../checked-graph.ts';
import type { ColumnRef } from './column-ref.ts';

/** A column and the columns its values are taken of. */
export interface ColumnOrigin {
  readonly name: string;
  readonly from: readonly ColumnRef[];
}

/** The columns of a PostgreSQL table that a sync publishes. One that PostgreSQL fills comes from nowhere. */
export function syncColumns(node: SyncNode, graph: CheckedGraph): readonly ColumnOrigin[] {
  const { columns } = node.sync;
  if (columns.length === 0) {
    const all = graph.relations.get(node.from)?.columns ?? [];
    return all.map(({ name }) => ({ name, from: [{ relation: node.from, column: name }] }));
  }
  return columns.map(({ name, from, fill }) => ({ name, from: fill === null ? [{ relation: node.from, column: from ?? name }] : [] }));
}

/** The columns of a source table that sinks of the project fill. */
export function filledColumns(node: SourceNode, names: readonly string[], manifest: Manifest): readonly ColumnOrigin[] {
  const sinks = sinksAmong(manifest.parents.get(node.id) ?? [], manifest);
  return names.map((name) => ({
    name,
    from: sinks.filter(({ sink }) => Object.hasOwn(sink.columns, name)).map(({ id }) => ({ relation: id, column: name })),
  }));
}

/** The columns that a sink writes: what a flow puts into the event, or the field of an event that the project takes in. */
export function sinkColumns(node: SinkNode, manifest: Manifest): readonly ColumnOrigin[] {
  const parents = (manifest.parents.get(node.id) ?? []).flatMap((id) => manifest.nodes.get(id) ?? []);
  return Object.entries(node.sink.columns).map(([name, { from, header, delivery, value }]) => {
    if (header !== null || delivery !== null || value !== null) return { name, from: [] };
    const path = (from ?? name).replace(/^\$\./, '');
    return {
      name,
      from: parents.flatMap((parent) => {
        if (parent.kind === 'ingest') return [{ relation: parent.id, column: path }];
        return parent.kind === 'flow' ? emittedFields(parent, node, path.split('.')[0] ?? '') : [];
      }),
    };
  });
}

/** The declared fields of a flow's records that it emits to a sink as one field of the event. */
function emittedFields(flow: FlowNode, sink: SinkNode, field: string): readonly ColumnRef[] {
  const declared = Object.keys(flow.flow.output ?? {});
  const emits = flow.flow.process.flatMap((step) => ('emit' in step ? [step.emit] : []));
  const fields = emits
    .filter(({ exchange, routing_key: key }) => exchange !== null && isBound(sink, exchange, key))
    .flatMap(({ body }) => (body === null ? [field] : recordFields(JSON.stringify(body[field] ?? null))));
  return [...new Set(fields)].filter((name) => declared.includes(name)).map((column) => ({ relation: flow.id, column }));
}

/** The fields in expressions such as `record.followers + 1`. */
function recordFields(text: string): readonly string[] {
  return [...text.matchAll(/\brecord\.(\w+)/g)].map(([, name = '']) => name);
}

function sinksAmong(ids: readonly NodeId[], manifest: Manifest): readonly SinkNode[] {
  return ids.flatMap((id) => {
    const node = manifest.nodes.get(id);
    return node?.kind === 'sink' ? [node] : [];
  });
}
