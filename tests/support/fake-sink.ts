import { systemClock } from '../../framework/foundation/clock.ts';
import type { SinkNode } from '../../framework/manifest/manifest.ts';
import { SinkFile } from '../../framework/project/sink-file.ts';
import type { Entry } from '../../framework/sink/entry.ts';
import { RowMistake } from '../../framework/sink/row-mistake.ts';
import { runSink, type SinkDeps } from '../../framework/sink/run-sink.ts';
import { noCounts, type SinkCounts } from '../../framework/sink/sink-counts.ts';
import { WriteFault, type Writer } from '../../framework/sink/writer.ts';
import { FakeQueue } from './fake-broker.ts';
import { type RecordingLog, recordingLog } from './recording-log.ts';

/** A destination in memory that fails when it is told to. */
export class FakeWriter implements Writer {
  /** Ids in the order they were stored, repeats included. */
  readonly stored: string[] = [];
  readonly writes: { readonly ids: readonly string[]; readonly token: string }[] = [];
  /** Asked before every write; throws where it is to fail. */
  fail: (ids: readonly string[]) => void | Promise<void> = () => {};

  async write(entries: readonly Entry[], { token, signal }: { token: string; signal: AbortSignal }): Promise<void> {
    const ids = entries.flatMap((entry) => entry.ids);
    this.writes.push({ ids, token });
    await Promise.resolve();
    await this.fail(ids);
    signal.throwIfAborted();
    this.stored.push(...ids);
  }

  async findStored(entries: readonly Entry[]): Promise<ReadonlySet<Entry>> {
    return new Set(entries.filter(({ ids }) => ids.every((id) => this.stored.includes(id))));
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

export const outage = (): WriteFault => new WriteFault('outage', 'ECONNREFUSED', 'Nobody answers.');
export const badRow = (culprit: number | null = null): WriteFault =>
  new WriteFault('data', 'TYPE_MISMATCH', 'It does not fit.', { culprit });

export interface FakeSink {
  readonly queue: FakeQueue;
  readonly writer: FakeWriter;
  readonly log: RecordingLog;
  readonly counts: SinkCounts;
  readonly ended: Promise<void>;
  readonly stop: () => Promise<void>;
  readonly kill: () => Promise<void>;
}

export interface FakeSinkOptions {
  /** Merged over a sink of batches of ten. */
  readonly sink?: Readonly<Record<string, unknown>>;
  readonly untilEmpty?: boolean;
  readonly giveBackMs?: number;
  readonly queue?: FakeQueue;
  readonly writer?: FakeWriter;
  /** Where suspects are noted; a folder that is never made where nothing is said. */
  readonly stateDir?: string;
}

/** A sink that runs between a queue and a destination in memory. Bodies are `{ id }`; `{ mistake }` becomes no rows. */
export function fakeSink({
  sink = {},
  untilEmpty = true,
  giveBackMs,
  stateDir = '/tmp/gccflow-fake-sink',
  ...given
}: FakeSinkOptions = {}): FakeSink {
  const file = SinkFile.parse({
    kind: 'sink',
    name: 'click',
    queue: { name: 'q' },
    buffer: { capacity: 40, max_rows: 10, max_wait: '50ms' },
    to: { clickhouse: 'click' },
    columns: { id: 'String' },
    deduplicate_by: 'id',
    ...sink,
  });
  const { queue = new FakeQueue(), writer = new FakeWriter() } = given;
  const log = recordingLog();
  const counts = noCounts();
  const [stopping, killing] = [new AbortController(), new AbortController()];
  const deps: SinkDeps = {
    broker: queue.broker,
    publisher: queue.publisher,
    writer,
    makeEntry,
    counts,
    stateDir,
    log,
    clock: systemClock,
    stop: stopping.signal,
    kill: killing.signal,
    untilEmpty,
    ...(giveBackMs !== undefined && { giveBackMs }),
  };
  const ended = runSink({ name: file.name, sink: file } as SinkNode, deps);
  const end = async (controller: AbortController): Promise<void> => {
    controller.abort(new Error('the test ends it'));
    await ended;
  };
  return { queue, writer, log, counts, ended, stop: () => end(stopping), kill: () => end(killing) };
}

function makeEntry(delivery: Entry['delivery']): Entry {
  const { id, mistake, rows = 1 } = JSON.parse(delivery.body.toString());
  if (mistake !== undefined) throw new RowMistake(mistake, 'The body is none.');
  return {
    delivery,
    rows: Array.from({ length: rows }, () => ({ id })),
    ids: Array.from({ length: rows }, () => String(id)),
    bytes: delivery.body.length,
  };
}
