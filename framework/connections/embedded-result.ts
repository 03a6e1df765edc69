import type { Readable } from 'node:stream';
import { quoteText } from '../foundation/quote.ts';
import type { EmbeddedRequest } from './embedded-queries.ts';
import type { LentSession } from './embedded-sessions.ts';
import type { Spool } from './embedded-spool.ts';
import { pullStream } from './pull-stream.ts';
import { chunkFormats, isSelecting, namedFormat, withoutFormat } from './statement-text.ts';

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
  const stop = (): void => {
    deps.kill();
    void chunks.return().catch(() => {}); // waits for the chunk under way, which the kill ends
  };
  let first: IteratorResult<Uint8Array, void> | undefined = await chunks.next(); // so that a statement that is wrong is refused here
  return pullStream({
    stop,
    async next() {
      const { done, value } = first ?? (await chunks.next());
      first = undefined;
      return done ? null : value;
    },
  });
}

async function* resultChunks(request: EmbeddedRequest, { lent, spool, kill }: ResultDeps): AsyncGenerator<Uint8Array, void> {
  using held = lent;
  using _abort = killOnAbort(request.signal, kill);
  const format = namedFormat(request.sql) ?? request.format ?? 'TabSeparated';
  let isWhole = false;
  try {
    if (!isSelecting(request.sql)) {
      yield (await held.session.run(request.sql, format)).bytes;
    } else if (chunkFormats.has(format)) {
      for await (const chunk of held.session.stream(request.sql, format)) yield chunk.raw();
    } else {
      await using file = spool.reserve();
      await held.session.run(`${withoutFormat(request.sql)}\ninto outfile ${quoteText(file.path, 'clickhouse')} format ${format}`, format);
      yield* file.read() as AsyncIterable<Uint8Array>;
    }
    isWhole = true;
  } catch (error) {
    request.signal?.throwIfAborted();
    throw error;
  } finally {
    if (!isWhole) held.session.runNow('select 1'); // what was killed stays in system.processes until the session's next statement
  }
  request.signal?.throwIfAborted();
}

function killOnAbort(signal: AbortSignal | undefined, kill: () => void): Disposable {
  signal?.throwIfAborted();
  signal?.addEventListener('abort', kill, { once: true });
  return { [Symbol.dispose]: () => signal?.removeEventListener('abort', kill) };
}
