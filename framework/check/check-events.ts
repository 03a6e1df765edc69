import { GccflowError } from '../foundation/error.ts';
import { isBound } from '../manifest/build-streams.ts';
import type { FlowNode, Manifest, SinkNode } from '../manifest/manifest.ts';
import type { EmitStep } from '../project/flow-file.ts';
import type { SinkColumn } from '../project/sink-file.ts';
import { valueType } from '../sink/value-type.ts';
import { errorFinding } from './fault-finding.ts';
import type { Finding } from './finding.ts';
import { placesIn } from './yaml-places.ts';

/** What the outbox adds to every event that lacks it. */
const added: ReadonlySet<string> = new Set(['event_id', 'event_timestamp', 'source', 'platform']);

/** Events of flows that lack a field which a sink cannot do without: each of them would be kept as a dead letter. */
export function checkEvents(manifest: Manifest): readonly Finding[] {
  const nodes = [...manifest.nodes.values()];
  const sinks = nodes.filter((node): node is SinkNode => node.kind === 'sink' && node.sink.transform === null && node.sink.each === null);
  return nodes.flatMap((flow) =>
    flow.kind !== 'flow'
      ? []
      : flow.flow.process.flatMap((step, index) => ('emit' in step ? mistakesOf(flow, step.emit, index, sinks, manifest.projectDir) : [])),
  );
}

function mistakesOf(flow: FlowNode, emit: EmitStep, index: number, sinks: readonly SinkNode[], projectDir: string): readonly Finding[] {
  const fields = fieldsOf(flow, emit);
  if (!fields) return [];
  const bound = sinks.filter((sink) => emit.exchange !== null && isBound(sink, emit.exchange, emit.routing_key));
  return bound.flatMap((sink) =>
    Object.entries(sink.sink.columns).flatMap(([name, column]) => {
      const field = neededField(name, column, sink);
      if (field === null || fields.has(field)) return [];
      const message = `The event '${emit.routing_key}' of the flow '${flow.name}' has no field '${field}', which the sink '${sink.name}' stores as ${column.type}.`;
      const hint = 'Put the field into the event, or give the column a `default` or a Nullable type.';
      return [
        errorFinding(
          flow,
          new GccflowError('CHECK_EVENT', message, { at: placesIn(flow.file, projectDir, flow.at)(['process', index, 'emit']), hint }),
        ),
      ];
    }),
  );
}

/** Names of an event's fields; null where the flow does not say them. */
function fieldsOf({ flow }: FlowNode, { body }: EmitStep): ReadonlySet<string> | null {
  const named = body ?? flow.output;
  return named && new Set([...Object.keys(named), ...added]);
}

/** The field of the body that a column cannot be filled without; null where there is none. */
function neededField(
  name: string,
  { type, from, header, delivery, value, default: fallback }: SinkColumn,
  { sink }: SinkNode,
): string | null {
  if (header !== null || delivery !== null || value !== null || fallback !== undefined) return null;
  if (valueType(type, dialectOf(sink.to)).nullable && sink.deduplicate_by !== name) return null;
  return /^(?:\$\.)?([^.[]+)/.exec(from ?? name)?.[1] ?? null;
}

function dialectOf(to: SinkNode['sink']['to']): Parameters<typeof valueType>[1] {
  if ('clickhouse' in to) return 'clickhouse';
  return 'postgres' in to ? 'postgres' : 'http';
}
