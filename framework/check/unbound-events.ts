import { closest, didYouMean } from '../foundation/closest.ts';
import { GccflowError } from '../foundation/error.ts';
import { isBound } from '../manifest/build-streams.ts';
import type { FlowNode, IngestNode, SinkNode } from '../manifest/manifest.ts';
import { placesOf } from '../project/locate-value.ts';
import type { YamlPath } from '../project/parse-yaml.ts';
import type { EmittedEvent } from './event-fields.ts';
import { errorFinding } from './fault-finding.ts';
import type { Finding } from './finding.ts';

/** An event of a flow that no queue of the project gets: it would wait in the outbox for ever. */
export function unboundEvent({ flow, emit, step }: EmittedEvent, sinks: readonly SinkNode[], projectDir: string): readonly Finding[] {
  const { exchange, routing_key: key } = emit;
  return exchange === null ? [] : unbound({ node: flow, exchange, key, path: ['process', step, 'emit'] }, sinks, projectDir);
}

/** Routes of an ingest that no queue of the project gets: each of their requests would be refused. The types of gRPC events are not known. */
export function unboundRoutes(node: IngestNode, sinks: readonly SinkNode[], projectDir: string): readonly Finding[] {
  const { grpc, http } = node.ingest;
  const routes = (http?.routes ?? []).flatMap(({ publish }, route) =>
    publish.map(({ exchange, routing_key: key }, nth) => ({ node, exchange, key, path: ['http', 'routes', route, 'publish', nth] })),
  );
  const all = grpc ? [...routes, { node, exchange: grpc.exchange, key: null, path: ['grpc'] }] : routes;
  return all.flatMap((published) => unbound(published, sinks, projectDir));
}

interface Published {
  readonly node: FlowNode | IngestNode;
  readonly exchange: string;
  /** Null for one that is not known. */
  readonly key: string | null;
  readonly path: YamlPath;
}

/** Exchanges that nothing in the project reads are somebody else's, unless their name is very like that of one. */
function unbound({ node, exchange, key, path }: Published, sinks: readonly SinkNode[], projectDir: string): readonly Finding[] {
  if (key !== null && sinks.some((sink) => isBound(sink, exchange, key))) return [];
  const exchanges = new Set(sinks.flatMap(({ sink }) => sink.queue.exchange ?? []));
  const subject = `The ${node.kind} '${node.name}' publishes ${key === null ? 'events' : `'${key}'`} to '${exchange}'`;
  const refuse = (said: string, part: string, hint: string): readonly Finding[] => {
    const at = placesOf(projectDir, node.file).at([...path, part]);
    return [errorFinding(node, new GccflowError('CHECK_EVENT', `${subject}, ${said}.`, { at, hint }))];
  };
  const near = closest(exchange, exchanges);
  if (!exchanges.has(exchange)) return near === undefined ? [] : refuse('which no sink reads', 'exchange', `Did you mean '${near}'?`);
  if (key === null) return [];
  const keys = sinks.filter(({ sink }) => sink.queue.exchange === exchange).flatMap(({ sink }) => sink.queue.routing_keys);
  return refuse("and no sink's queue is bound by it", 'routing_key', didYouMean(key, keys) ?? `Queues are bound by ${keys.join(', ')}.`);
}
