import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { ChdbQueryStream, Session } from 'chdb';
import { GccflowError, messageOf } from '../foundation/error.ts';

/** The ClickHouse engine inside this process, opened on one data directory. A process has one directory open at a time. */
export interface EmbeddedEngine {
  /** A session of its own: settings and parameters set in one are not seen in another, and they run in parallel. */
  open(): EngineSession;
}

/** One connection to the engine; one statement at a time. Closing it while a statement runs would end the process: the pool never does. */
export interface EngineSession {
  /** Runs a statement on the calling thread: for `SET`, `KILL` and looks at `system.processes`, which take microseconds. */
  runNow(sql: string, format?: string): string;
  run(sql: string, format: string): Promise<EngineResult>;
  /** Runs a statement that writes, with the rows of an `INSERT … FORMAT` in `body`, and gives back what was written. */
  write(sql: string, body?: Uint8Array): Promise<EngineWrite>;
  /** Chunks of a result in a format whose chunks concatenate; the next is computed when it is asked for. */
  stream(sql: string, format: string): ChdbQueryStream;
  close(): void;
}

export interface EngineResult {
  readonly bytes: Uint8Array;
  readonly elapsedMs: number;
  readonly readRows: number;
  readonly readBytes: number;
}

export interface EngineWrite {
  readonly elapsedMs: number;
  readonly writtenRows: number;
  readonly writtenBytes: number;
}

/** Loads chdb and opens `path`. Throws DEPENDENCY_MISSING, or the engine's own error. */
export async function openEngine(path: string): Promise<EmbeddedEngine> {
  const chdb = await importChdb();
  const native = loadNative();
  return { open: () => openSession(new chdb.Session(path), native) };
}

/** Which chdb is installed, e.g. `3.4.0`; an empty text where none is. Loads nothing of it. */
export function engineVersion(): string {
  try {
    const require = createRequire(import.meta.url);
    const text = readFileSync(join(dirname(require.resolve('chdb')), 'package.json'), 'utf8');
    return (JSON.parse(text) as { version: string }).version;
  } catch {
    return '';
  }
}

async function importChdb(): Promise<typeof import('chdb')> {
  try {
    return await import('chdb');
  } catch (cause) {
    throw new GccflowError(
      'DEPENDENCY_MISSING',
      `The embedded warehouse needs the npm package 'chdb', which does not load: ${firstLine(cause)}.`,
      {
        cause,
        hint: "Run 'npm install chdb', or give the target a ClickHouse server.",
      },
    );
  }
}

/**
 * chdb's public calls do not say how many rows an INSERT SELECT wrote; the entry its raw inserts go through does.
 * It takes a statement and a body; a body of one space is none.
 */
interface NativeAddon {
  InsertRawAsyncConnection(
    connection: unknown,
    sql: string,
    body: Uint8Array,
    countLines: boolean,
  ): Promise<{ elapsed: number; rowsWritten: number; bytesWritten: number }>;
}

function loadNative(): NativeAddon {
  const require = createRequire(import.meta.url);
  const loader = require(join(dirname(require.resolve('chdb')), 'dist/loader.js')) as { loadNative(): NativeAddon };
  return loader.loadNative();
}

const noBody = Buffer.from(' ');

function openSession(session: Session, native: NativeAddon): EngineSession {
  return {
    runNow: (sql, format = 'TabSeparatedRaw') => session.query(sql, format),
    async run(sql, format) {
      const result = await session.queryAsync(sql, { format });
      return { bytes: result.bytes(), elapsedMs: result.elapsed * 1000, readRows: result.rowsRead, readBytes: result.bytesRead };
    },
    async write(sql, body = noBody) {
      const result = await native.InsertRawAsyncConnection(session.connection, sql, body, false);
      return { elapsedMs: result.elapsed * 1000, writtenRows: result.rowsWritten, writtenBytes: result.bytesWritten };
    },
    stream: (sql, format) => session.queryStream(sql, { format }),
    close: () => session.close(),
  };
}

function firstLine(thrown: unknown): string {
  return messageOf(thrown).split('\n', 1)[0] ?? '';
}
