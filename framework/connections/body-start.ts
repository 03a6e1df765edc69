import { Readable } from 'node:stream';

export interface BodyStart {
  readonly bytes: Buffer;
  /** Whether the body ended here. */
  readonly whole: boolean;
  /** The body from `from`, which is within what was read; its first byte where none is given. Once. */
  rest(from?: number): Readable;
}

/** Reads a body until it ends or passes `limit` bytes. */
export async function readStart(body: Readable, limit: number): Promise<BodyStart> {
  const chunks: Buffer[] = [];
  const iterator = body[Symbol.asyncIterator]() as AsyncIterator<Uint8Array | string>;
  let length = 0;
  let whole = false;
  while (length <= limit && !whole) {
    const { done, value } = await iterator.next();
    whole = done === true;
    if (done) break;
    const chunk = typeof value === 'string' ? Buffer.from(value) : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    chunks.push(chunk);
    length += chunk.length;
  }
  const bytes = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
  async function* rest(from: number): AsyncGenerator<Uint8Array | string> {
    if (from < bytes.length) yield bytes.subarray(from);
    if (!whole) yield* { [Symbol.asyncIterator]: () => iterator };
  }
  return { bytes, whole, rest: (from = 0) => Readable.from(rest(from), { objectMode: false }) };
}
