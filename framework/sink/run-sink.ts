import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Broker, Delivery, Publisher } from '../connections/broker.ts';
import type { Clock } from '../foundation/clock.ts';
import type { Log } from '../foundation/log.ts';
import type { SinkNode } from '../manifest/manifest.ts';
import type { Entry } from './entry.ts';
import { Failures } from './failures.ts';
import { Lane } from './lane.ts';
import { RecentIds } from './recent-ids.ts';
import { delayQueue, retryDelays } from './routes.ts';
import type { SinkCounts } from './sink-counts.ts';
import { SuspectJournal } from './suspect-journal.ts';
import { unlessAborted } from './unless-aborted.ts';
import type { Writer } from './writer.ts';

export interface SinkDeps {
  readonly broker: Pick<Broker, 'consume' | 'declare' | 'inspect'>;
  /** For what failed; many sinks may share it. */
  readonly publisher: Publisher;
  readonly writer: Writer;
  /** Throws `RowMistake`. */
  readonly makeEntry: (delivery: Delivery) => Entry;
  /** Kept up to date while the sink runs. */
  readonly counts: SinkCounts;
  /** Folder for what must outlive a crash of the process. */
  readonly stateDir: string;
  readonly log: Log;
  readonly clock: Clock;
  /** Asks the sink to stop: it takes nothing more and stores what it holds. */
  readonly stop: AbortSignal;
  /** Ends it at once: what is not stored goes back to the queue. */
  readonly kill: AbortSignal;
  /** Ends when the queue and its delay queues are empty. */
  readonly untilEmpty: boolean;
  /** How long the destination may be away before what is held goes back to the queue. */
  readonly giveBackMs?: number;
}

/** RabbitMQ closes a channel that holds a delivery for 30 minutes. */
const defaultGiveBackMs = 600_000;
const emptyPollMs = 100;

/**
 * Drains a queue into its destination until it is stopped. At least once: a delivery is acked after its rows are stored, or after the broker
 * has stored it as a retry or a dead letter; a crash repeats deliveries and never loses one. Repeats are made harmless as far as can be:
 * a batch that is tried again carries the same token, what was stored when its connection was lost is remembered, and with
 * `deduplicate_by` what comes a second time is looked up before it is stored.
 */
export async function runSink(node: SinkNode, deps: SinkDeps): Promise<void> {
  const { broker, publisher, writer, makeEntry, counts, clock, stop, kill, untilEmpty, giveBackMs = defaultGiveBackMs } = deps;
  const log = deps.log.child({ sink: node.name });
  const recent = new RecentIds();
  const journal = new SuspectJournal(join(deps.stateDir, 'suspects', node.name));
  const failures = new Failures(node, {
    broker,
    publisher,
    recent,
    log,
    clock,
    signal: kill,
    onSettled: (kind) => {
      if (kind === 'retry') counts.retried++;
      else counts.deadLettered++;
    },
  });
  const { buffer, consumers } = node.sink;
  const lanes = Array.from(
    { length: buffer ? 1 : consumers },
    () => new Lane(node, { broker, writer, makeEntry, failures, recent, journal, counts, log, signal: kill, giveBackMs }),
  );
  const held = (): number => lanes.reduce((sum, lane) => sum + lane.held, 0) + failures.size;
  const stopAll = (): Promise<unknown> => Promise.all(lanes.map((lane) => lane.stop()));
  const ended = new AbortController();
  stop.addEventListener('abort', stopAll, { signal: ended.signal });
  if (stop.aborted) return;
  const running = Promise.all(lanes.map((lane) => lane.run())).finally(() => ended.abort());
  const emptied = untilEmpty ? stopWhenEmpty(node, { broker, lanes, held, signal: ended.signal }) : Promise.resolve();
  await Promise.all([running, emptied]);
}

interface Emptying {
  readonly broker: Pick<Broker, 'inspect'>;
  readonly lanes: readonly Lane[];
  readonly held: () => number;
  readonly signal: AbortSignal;
}

/** Stops the lanes when nothing is left, twice in a row: the counts of a broker lag behind. */
async function stopWhenEmpty({ sink }: SinkNode, { broker, lanes, held, signal }: Emptying): Promise<void> {
  const delayQueues = retryDelays(sink.retry).map((ms) => delayQueue(sink.queue.name, ms));
  for (let empty = 0; empty < 2 && !signal.aborted; ) {
    await sleep(emptyPollMs, undefined, { signal }).catch(() => {});
    const [own, ...waiting] = await Promise.all([sink.queue.name, ...delayQueues].map((queue) => lookAt(broker, queue, signal)));
    // A quorum queue that is too busy to count answers 0 messages, but then 0 consumers too, and the lanes are some.
    const ready = own?.consumers === 0 ? null : own?.ready;
    for (const lane of lanes) lane.flushing = ready === 0;
    empty = ready === 0 && waiting.every((queue) => queue?.ready === 0) && held() === 0 ? empty + 1 : 0;
  }
  await Promise.all(lanes.map((lane) => lane.stop()));
}

interface Looked {
  readonly ready: number;
  /** null: there is no such queue. */
  readonly consumers: number | null;
}

/** What a broker says of a queue, one that does not exist being empty; null where it cannot say. One that is away may be waited for. */
async function lookAt(broker: Pick<Broker, 'inspect'>, queue: string, signal: AbortSignal): Promise<Looked | null> {
  try {
    return (await unlessAborted(signal, broker.inspect(queue))) ?? { ready: 0, consumers: null };
  } catch {
    return null;
  }
}
