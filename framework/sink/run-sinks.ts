import { dirname, join } from 'node:path';
import type { Broker } from '../connections/broker.ts';
import type { Postgres } from '../connections/postgres.ts';
import type { Warehouse } from '../connections/warehouse.ts';
import type { Clock } from '../foundation/clock.ts';
import { GccflowError } from '../foundation/error.ts';
import type { Log } from '../foundation/log.ts';
import type { SinkNode } from '../manifest/manifest.ts';
import { openRowMaker } from './row-maker.ts';
import { runSink } from './run-sink.ts';
import { noCounts, type SinkCounts } from './sink-counts.ts';
import { topologyOf } from './topology.ts';
import { openWriter } from './writers/index.ts';

export interface SinksDeps {
  readonly broker: Broker;
  /** null where no sink writes there. */
  readonly warehouse: Warehouse | null;
  readonly postgres: Postgres | null;
  readonly projectDir: string;
  readonly log: Log;
  readonly clock: Clock;
  /** Asks the sinks to stop. */
  readonly signal: AbortSignal;
  /** How long they may take to store what they hold. */
  readonly graceMs: number;
  /** End when the queues are empty. */
  readonly untilEmpty: boolean;
  readonly giveBackMs?: number;
  /** Called when all consume; the counts are kept up to date from then on. */
  readonly onStart?: (counts: ReadonlyMap<SinkNode, Readonly<SinkCounts>>) => void;
}

/** Failed deliveries that may wait for the broker at once, and for how long each. */
const publishing = { window: 1000, confirmMs: 10_000 };

/**
 * Runs sinks in one process, which share its connections, until they are stopped. Everything they need is declared and compared first.
 * Throws TOPOLOGY_MISMATCH, SINK_TABLE, FILE_UNREADABLE, VALUE_INVALID, and what the connections throw.
 */
export async function runSinks(nodes: readonly SinkNode[], deps: SinksDeps): Promise<ReadonlyMap<SinkNode, SinkCounts>> {
  const { broker, projectDir, log, clock, signal, graceMs, onStart, ...rest } = deps;
  await using open = new AsyncDisposableStack();
  await broker.declare(topologyOf(nodes, []));
  const opened = [];
  for (const node of nodes) {
    const ofSink = log.child({ sink: node.name });
    const folder = join(projectDir, dirname(node.file));
    const rows = await openRowMaker(node.sink, { folder, clock, log: ofSink }).catch((thrown: unknown) => {
      throw placed(thrown, node);
    });
    const writer = open.use(await openWriter(node, { ...rest, clock, log: ofSink }));
    opened.push({ node, writer, makeEntry: rows.make, counts: noCounts() });
  }
  const publisher = open.use(await broker.publisher(publishing));
  const counts = new Map(opened.map(({ node, counts }) => [node, counts]));
  using ending = endings(signal, graceMs);
  onStart?.(counts);
  const running = opened.map(({ node, ...own }) =>
    runSink(node, {
      ...own,
      ...rest,
      stateDir: join(projectDir, '.gccflow'),
      broker,
      publisher,
      log,
      clock,
      stop: ending.stop,
      kill: ending.kill,
    }).catch((thrown) => {
      ending.stopAll(thrown);
      throw thrown;
    }),
  );
  const failed = (await Promise.allSettled(running)).find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
  return counts;
}

/** What is wrong with a sink's rows stands in the sink's file. */
function placed(thrown: unknown, { at }: SinkNode): unknown {
  if (!(thrown instanceof GccflowError)) return thrown;
  return new GccflowError(thrown.code, thrown.message, { at, hint: thrown.hint, cause: thrown.cause });
}

interface Endings extends Disposable {
  readonly stop: AbortSignal;
  readonly kill: AbortSignal;
  readonly stopAll: (reason: unknown) => void;
}

/** The signal asks to stop; what has not ended after the grace is ended. */
function endings(signal: AbortSignal, graceMs: number): Endings {
  const stopping = new AbortController();
  const killing = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const stopAll = (reason: unknown): void => {
    stopping.abort(reason);
    timer ??= setTimeout(() => killing.abort(new Error('the grace period is over')), graceMs);
  };
  const stop = (): void => stopAll(signal.reason);
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  return {
    stop: stopping.signal,
    kill: killing.signal,
    stopAll,
    [Symbol.dispose]: () => {
      signal.removeEventListener('abort', stop);
      clearTimeout(timer);
    },
  };
}
