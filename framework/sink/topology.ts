import type { BindingDeclaration, ExchangeDeclaration, QueueDeclaration, Topology } from '../connections/broker.ts';
import type { IngestNode, SinkNode } from '../manifest/manifest.ts';
import { deadLetterRoute, delayQueue, retryDelays } from './routes.ts';

/** All that sinks and ingests need of a broker, each thing once. */
export function topologyOf(sinks: readonly SinkNode[], ingests: readonly IngestNode[]): Topology {
  const parts = [...ingests.map(ofIngest), ...sinks.map(ofSink)];
  return {
    exchanges: once(parts.flatMap(({ exchanges }) => exchanges)),
    queues: once(parts.flatMap(({ queues }) => queues)),
    bindings: once(parts.flatMap(({ bindings }) => bindings)),
  };
}

function ofIngest({ ingest: { grpc, http } }: IngestNode): Topology {
  const published = [...(grpc ? [grpc] : []), ...(http?.routes ?? []).flatMap(({ publish }) => publish)];
  return { exchanges: published.map(({ exchange, exchange_type }) => ({ name: exchange, type: exchange_type })), queues: [], bindings: [] };
}

/** A delay queue is always a quorum queue: only those hand over what has waited long enough at least once. */
function ofSink({ sink }: SinkNode): Topology {
  const { queue, retry } = sink;
  const dead = deadLetterRoute(sink);
  const exchanges: ExchangeDeclaration[] = [
    ...(queue.exchange === null ? [] : [{ name: queue.exchange, type: queue.exchange_type }]),
    ...(dead.exchange === '' ? [] : [{ name: dead.exchange, type: 'direct' as const }]),
  ];
  const queues: QueueDeclaration[] = [
    { name: queue.name, type: queue.type, delay: null },
    ...retryDelays(retry).map((ms) => ({ name: delayQueue(queue.name, ms), type: 'quorum' as const, delay: { ms, queue: queue.name } })),
    { name: dead.queue, type: queue.type, delay: null },
  ];
  const bindings: BindingDeclaration[] = [
    ...bindingKeys(queue).map((routingKey) => ({ queue: queue.name, exchange: queue.exchange ?? '', routingKey })),
    ...(dead.exchange === '' ? [] : [{ queue: dead.queue, exchange: dead.exchange, routingKey: dead.routingKey }]),
  ];
  return { exchanges, queues, bindings };
}

function bindingKeys({ exchange, exchange_type, routing_keys }: SinkNode['sink']['queue']): readonly string[] {
  if (exchange === null) return [];
  return exchange_type === 'fanout' ? [''] : routing_keys;
}

function once<Declared extends object>(declared: readonly Declared[]): Declared[] {
  return [...new Map(declared.map((one) => [JSON.stringify(one), one])).values()];
}
