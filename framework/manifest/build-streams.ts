import type { Diagnostics } from '../foundation/diagnostics.ts';
import { GccflowError } from '../foundation/error.ts';
import { formatLocation, type Location } from '../foundation/location.ts';
import { bindingMatches } from '../project/binding.ts';
import type { ExchangeType } from '../project/broker-names.ts';
import { placesOf } from '../project/locate-value.ts';
import type { Project } from '../project/project.ts';
import type { SinkFile } from '../project/sink-file.ts';
import type { Declared } from './build-nodes.ts';
import type { FlowNode, IngestNode, NodeId, SinkNode } from './manifest.ts';
import type { Relation } from './relation.ts';
import type { Resolver } from './resolve-refs.ts';

/** The servers that take events. */
export function buildIngests(project: Project): Declared<IngestNode>[] {
  return project.ingests.map(({ ingest, at }) => ({
    enabled: ingest.enabled,
    node: { kind: 'ingest', id: `ingest.${ingest.name}`, ...streamCommon(ingest, at, project), ingest },
  }));
}

/** The stream sinks. Reports queues that two of them would share, and exchanges that files declare with different types. */
export function buildSinks(project: Project, diagnostics: Diagnostics): Declared<SinkNode>[] {
  const enabled = project.sinks.filter(({ sink }) => sink.enabled);
  reportSharedQueues(enabled, diagnostics);
  reportExchangeTypes(project, diagnostics);
  return project.sinks.map(({ sink, at }) => ({
    enabled: sink.enabled,
    node: { kind: 'sink', id: `sink.${sink.name}`, ...streamCommon(sink, at, project), table: tableOf(sink, project), sink },
  }));
}

/** Puts streams into the graph: a sink reads the ingests and flows that publish into its queue, and a source is what a sink fills. */
export function linkStreams(declared: readonly Declared[], resolver: Resolver): void {
  const nodes = declared.filter(({ enabled }) => enabled).map(({ node }) => node);
  const ingests = nodes.filter((node) => node.kind === 'ingest');
  const flows = nodes.filter((node) => node.kind === 'flow');
  const sinks = nodes.filter((node) => node.kind === 'sink');
  const byTable = Map.groupBy(sinks, ({ table }) => table && keyOf(table));
  for (const ingest of ingests) resolver.setParents(ingest.id, []);
  for (const sink of sinks) {
    const feeding = [...ingests.filter((ingest) => publishesInto(ingest, sink)), ...flows.filter((flow) => emitsInto(flow, sink))];
    resolver.setParents(
      sink.id,
      feeding.map(({ id }): NodeId => id),
    );
  }
  for (const source of nodes.filter((node) => node.kind === 'source')) {
    const filledBy = byTable.get(keyOf(source.relation));
    if (filledBy) {
      resolver.setParents(
        source.id,
        filledBy.map(({ id }): NodeId => id),
      );
    }
  }
}

const keyOf = ({ database, name }: Relation): string => `${database}\0${name}`;

/** What nodes have in common that are declared by a file each, outside `models/`. */
export function streamCommon(
  { name, tags, meta, description }: Pick<SinkFile, 'name' | 'tags' | 'meta' | 'description'>,
  at: Location,
  project: Project,
) {
  const [folder = ''] = at.file.split('/');
  return { name, fqn: [project.name, folder, name], tags, meta, description, file: at.file, at };
}

function tableOf({ to }: SinkFile, { target }: Project): Relation | null {
  if (!('clickhouse' in to)) return null;
  const dot = to.clickhouse.indexOf('.');
  if (dot < 0) return { database: target.warehouse.database, name: to.clickhouse };
  return { database: to.clickhouse.slice(0, dot), name: to.clickhouse.slice(dot + 1) };
}

/** Whether any message of an ingest may come into a sink's queue. The types of gRPC events are not known here, so that any binding counts. */
function publishesInto({ ingest }: IngestNode, sink: SinkNode): boolean {
  const { exchange } = sink.sink.queue;
  if (exchange === null) return false;
  if (ingest.grpc?.exchange === exchange) return true;
  const published = (ingest.http?.routes ?? []).flatMap(({ publish }) => publish);
  return published.some((route) => isBound(sink, route.exchange, route.routing_key));
}

function emitsInto({ flow }: FlowNode, sink: SinkNode): boolean {
  return flow.process.some(
    (step) => 'emit' in step && step.emit.exchange !== null && isBound(sink, step.emit.exchange, step.emit.routing_key),
  );
}

/** Whether a message that is published so comes into a sink's queue. */
export function isBound({ sink: { queue } }: SinkNode, exchange: string, routingKey: string): boolean {
  if (queue.exchange !== exchange) return false;
  return queue.exchange_type === 'fanout' || queue.routing_keys.some((key) => bindingMatches(queue.exchange_type, key, routingKey));
}

function reportSharedQueues(sinks: Project['sinks'], diagnostics: Diagnostics): void {
  const byQueue = new Map<string, Project['sinks'][number]>();
  for (const entry of sinks) {
    const { name } = entry.sink.queue;
    const other = byQueue.get(name);
    if (!other) byQueue.set(name, entry);
    else {
      const message = `The queue '${name}' is also drained by the sink '${other.sink.name}' of ${formatLocation(other.queueAt)}.`;
      const hint = 'Each would get a part of the deliveries. Give each sink a queue of its own and bind both to the exchange.';
      diagnostics.report(new GccflowError('NAME_DUPLICATE', message, { at: entry.queueAt, hint }));
    }
  }
}

interface DeclaredExchange {
  readonly name: string;
  readonly type: ExchangeType;
  readonly at: () => Location;
}

/** An exchange has one type in a broker, so that the second of two declarations would be refused. */
function reportExchangeTypes(project: Project, diagnostics: Diagnostics): void {
  const byName = new Map<string, DeclaredExchange>();
  for (const exchange of exchangesOf(project)) {
    const other = byName.get(exchange.name);
    if (!other) byName.set(exchange.name, exchange);
    else if (other.type !== exchange.type) {
      const message = `The exchange '${exchange.name}' is ${exchange.type} here and ${other.type} in ${formatLocation(other.at())}.`;
      diagnostics.report(new GccflowError('CONFIG_CONFLICT', message, { at: exchange.at(), hint: 'An exchange has one type.' }));
    }
  }
}

function exchangesOf({ sinks, ingests, dir }: Project): DeclaredExchange[] {
  const ofSinks = sinks.flatMap(({ sink: { enabled, queue, dead_letter }, queueAt }): DeclaredExchange[] => {
    if (!enabled) return [];
    const at = (): Location => queueAt;
    const own = queue.exchange === null ? [] : [{ name: queue.exchange, type: queue.exchange_type, at }];
    return dead_letter ? [...own, { name: dead_letter.exchange, type: 'direct', at }] : own;
  });
  const ofIngests = ingests.flatMap(({ ingest: { enabled, grpc, http }, at: { file } }): DeclaredExchange[] => {
    if (!enabled) return [];
    const places = placesOf(dir, file);
    const published = (http?.routes ?? []).flatMap(({ publish }, route) =>
      publish.map(({ exchange, exchange_type }, index) => ({
        name: exchange,
        type: exchange_type,
        at: () => places.at(['http', 'routes', route, 'publish', index, 'exchange']),
      })),
    );
    const ofGrpc = grpc && { name: grpc.exchange, type: grpc.exchange_type, at: () => places.at(['grpc', 'exchange']) };
    return [...(ofGrpc ? [ofGrpc] : []), ...published];
  });
  return [...ofSinks, ...ofIngests];
}
