import { closest, didYouMean } from '../foundation/closest.ts';
import { GccflowError } from '../foundation/error.ts';
import { isBound } from '../manifest/build-streams.ts';
import type { SinkNode } from '../manifest/manifest.ts';
import { placesOf } from '../project/locate-value.ts';
import type { EmittedEvent } from './event-fields.ts';
import { errorFinding } from './fault-finding.ts';
import type { Finding } from './finding.ts';

/**
 * An event that no queue of the project gets, though sinks read its exchange, or one of a very like name: it would wait in the outbox for ever.
 * Exchanges that nothing in the project reads are somebody else's.
 */
export function unboundEvent({ flow, emit, step }: EmittedEvent, sinks: readonly SinkNode[], projectDir: string): readonly Finding[] {
  const { exchange, routing_key: key } = emit;
  if (exchange === null || sinks.some((sink) => isBound(sink, exchange, key))) return [];
  const exchanges = new Set(sinks.flatMap(({ sink }) => sink.queue.exchange ?? []));
  const isKnown = exchanges.has(exchange);
  const near = isKnown ? undefined : closest(exchange, exchanges);
  if (!isKnown && near === undefined) return [];
  const keys = sinks.filter(({ sink }) => sink.queue.exchange === exchange).flatMap(({ sink }) => sink.queue.routing_keys);
  const message = isKnown
    ? `The flow '${flow.name}' emits '${key}' to '${exchange}', and no sink's queue is bound by it.`
    : `The flow '${flow.name}' emits '${key}' to '${exchange}', which no sink reads.`;
  const hint = isKnown ? (didYouMean(key, keys) ?? `Queues are bound by ${keys.join(', ')}.`) : `Did you mean '${near}'?`;
  const path = ['process', step, 'emit', isKnown ? 'routing_key' : 'exchange'];
  return [errorFinding(flow, new GccflowError('CHECK_EVENT', message, { at: placesOf(projectDir, flow.file).at(path), hint }))];
}
