import { Readable } from 'node:stream';
import { quoteText } from '../foundation/quote.ts';
import type { EmbeddedRequest } from './embedded-queries.ts';
import type { LentSession } from './embedded-sessions.ts';
import type { Spool } from './embedded-spool.ts';
import { chunkFormats, isSelecting, namedFormat } from './statement-text.ts';

interface ResultDeps {
  readonly lent: LentSession;
  readonly spool: Spool;
  kill(): void;
}

/**
 * A result as a stream that never holds more than a chunk. Formats whose chunks concatenate are computed as they are read;
 * those with a header, a footer or brackets are written to a file by the engine first. Gives the session back at its end.
 */
export async function embeddedResult(request: EmbeddedRequest, deps: ResultDeps): Promise<Readable> {
  const chunks = resultChunks(request, deps);
  try {
    const first = await chunks.next(); // so that what is wrong with the statement itself is thrown here, not in the stream
    return Readable.from(startingWith(first, chunks), { objectMode: false, highWaterMark: 1 << 20 });
  } catch (error) {
    request.signal?.throwIfAborted();
    throw error;
  }
}

async function* startingWith(first: IteratorResult<Uint8Array, void>, rest: AsyncGenerator<Uint8Array, void>): AsyncGenerator<Uint8Array> {
  try {
    if (first.done) return;
    yield first.value;
    yield* rest;
  } finally {
    await rest.return();
  }
}

async function* resultChunks(request: EmbeddedRequest, { lent, spool, kill }: ResultDeps): AsyncGenerator<Uint8Array, void> {
  using held = lent;
  using _abort = killOnAbort(request.signal, kill);
  const format = namedFormat(request.sql) ?? request.format ?? 'TabSeparated';
  if (!isSelecting(request.sql)) {
    yield (await held.session.run(request.sql, format)).bytes;
  } else if (chunkFormats.has(format)) {
    for await (const chunk of held.session.stream(request.sql, format)) yield chunk.raw();
    request.signal?.throwIfAborted();
  } else {
    await using file = spool.reserve();
    await held.session.run(intoFile(request.sql, file.path, format), format);
    yield* file.read() as AsyncIterable<Uint8Array>;
  }
}

function intoFile(sql: string, path: string, format: string): string {
  const select = sql
    .replace(/;?\s*$/, '')
    .replace(/\bformat\s+\w+\s*(settings\b[^']*)?$/i, (_, settings: string | undefined) => settings ?? '');
  return `${select}\ninto outfile ${quoteText(path, 'clickhouse')} format ${format}`;
}

function killOnAbort(signal: AbortSignal | undefined, kill: () => void): Disposable {
  signal?.throwIfAborted();
  signal?.addEventListener('abort', kill, { once: true });
  return { [Symbol.dispose]: () => signal?.removeEventListener('abort', kill) };
}
