import type { Readable } from 'node:stream';
import { parseFault } from './warehouse-fault.ts';

const longestTail = 1 << 15;

/**
 * The chunks of a result over HTTP. A statement that fails half-way tells so at the end of its rows, between two marks that
 * carry the `tag` of the answer's headers, and breaks the stream off: thrown is what it told, not that the stream broke.
 */
export async function* failingChunks(stream: Readable, tag: string): AsyncGenerator<Uint8Array, void> {
  let tail: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      tail = chunk.length >= longestTail || tag === '' ? chunk : Buffer.concat([tail, chunk]).subarray(-longestTail);
      yield chunk;
    }
  } catch (error) {
    throw toldIn(tail, tag) ?? error;
  }
  const told = toldIn(tail, tag);
  if (told) throw told;
}

function toldIn(tail: Buffer, tag: string): Error | null {
  if (tag === '' || !tail.subarray(-100).toString('latin1').endsWith(` ${tag}\r\n__exception__\r\n`)) return null;
  const text = tail.toString('utf8');
  const start = text.lastIndexOf(`__exception__\r\n${tag}\r\n`);
  return parseFault(text.slice(start).replace(/\n\d+ \S+\r\n__exception__\r\n$/, ''));
}
