import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { brotliCompressSync, createGzip, gzipSync } from 'node:zlib';
import type { Arrival } from './upstream.ts';

/** How one request is answered. */
export type Answer = (response: ServerResponse, arrival: Arrival) => void;

export type Headers = Readonly<Record<string, string>>;

export const status =
  (code: number, headers: Headers = {}, body: string | Buffer = ''): Answer =>
  (response) =>
    void response.writeHead(code, headers).end(body);

/** A value as JSON, or what a function makes of the request. */
export const json =
  (body: unknown, code = 200, headers: Headers = {}): Answer =>
  (response, arrival) => {
    const value: unknown = typeof body === 'function' ? body(arrival) : body;
    response.writeHead(code, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
  };

/** 429; `retryAfter` is in seconds or a date, as providers send both, or is not said. */
export const tooMany = (retryAfter: number | Date | null = null, headers: Headers = {}): Answer =>
  json({ error: 'too many requests' }, 429, {
    ...(retryAfter !== null && { 'retry-after': retryAfter instanceof Date ? retryAfter.toUTCString() : String(retryAfter) }),
    ...headers,
  });

/** A page for people, as proxies and firewalls send it, with 200 where nothing else is said. */
export const htmlPage = (code = 200, contentType = 'text/html; charset=utf-8'): Answer =>
  status(code, { 'content-type': contentType }, '<!doctype html><html><body><h1>Something went wrong</h1></body></html>');

export const redirect = (to: string, code = 302): Answer => status(code, { location: to });

/** Takes the request and says nothing. */
export const hang: Answer = () => {};

export const reset: Answer = (response) => void response.socket?.resetAndDestroy();

/** A success whose body is reset before it is whole. */
export const breakOff: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' }).write('{"ok":');
  setImmediate(() => response.socket?.resetAndDestroy());
};

/** `body` whose second half never comes, though the headers promise it; the connection is closed in order. */
export const truncated =
  (body: Buffer, headers: Headers = {}): Answer =>
  (response) => {
    response.writeHead(200, { 'content-length': String(body.length), ...headers });
    response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.socket?.end());
  };

/** Says nothing for a while, then `answer`. */
export const late =
  (ms: number, answer: Answer): Answer =>
  (response, arrival) => {
    const timer = setTimeout(() => answer(response, arrival), ms);
    response.once('close', () => clearTimeout(timer));
  };

/** `body` in pieces of `bytes`, with a pause before each. */
export const drip =
  (
    body: Buffer,
    { bytes, everyMs, headers = {} }: { readonly bytes: number; readonly everyMs: number; readonly headers?: Headers },
  ): Answer =>
  (response) => {
    response.writeHead(200, { 'content-length': String(body.length), ...headers }).flushHeaders();
    let at = 0;
    const timer = setInterval(() => {
      response.write(body.subarray(at, at + bytes));
      at += bytes;
      if (at >= body.length) response.end();
    }, everyMs);
    for (const event of ['close', 'finish']) response.once(event, () => clearInterval(timer));
  };

/** A body without end, as fast as it is read. */
export const endless =
  (headers: Headers = {}, first: Buffer = Buffer.alloc(0)): Answer =>
  (response) => {
    response.writeHead(200, headers);
    Readable.from(repeat(first))
      .on('error', () => {})
      .pipe(response);
  };

function* repeat(first: Buffer): Generator<Buffer> {
  yield first;
  for (const block = Buffer.alloc(64 * 1024, 'x'); ; ) yield block;
}

export const compressed =
  (encoding: 'gzip' | 'br', body: string | Buffer, headers: Headers = {}): Answer =>
  (response) => {
    const packed = encoding === 'gzip' ? gzipSync(body) : brotliCompressSync(body);
    response
      .writeHead(200, {
        'content-type': 'application/json',
        'content-encoding': encoding,
        'content-length': String(packed.length),
        ...headers,
      })
      .end(packed);
  };

/** A small body that becomes `bytes` of it when it is unpacked: one thousandth of that is sent. */
export const gzipBomb =
  (bytes: number, headers: Headers = {}): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip', ...headers });
    const block = Buffer.alloc(1 << 20);
    const blocks = Array.from({ length: Math.ceil(bytes / block.length) }, () => block);
    Readable.from(blocks)
      .pipe(createGzip())
      .on('error', () => {})
      .pipe(response);
  };

const starts = {
  jpeg: Buffer.from('ffd8ffe000104a46494600010100000100010000', 'hex'),
  png: Buffer.from('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489', 'hex'),
  gif: Buffer.from('GIF89a\x01\x00\x01\x00\x80\x00\x00', 'latin1'),
  webp: Buffer.from('RIFF\x24\x00\x00\x00WEBPVP8 ', 'latin1'),
} as const;
export type ImageType = keyof typeof starts;

/** Bytes that begin as a file of the type does; `seed` makes them differ. */
export function imageBytes(bytes: number, { type = 'jpeg', seed = 0 }: { readonly type?: ImageType; readonly seed?: number } = {}): Buffer {
  const body = Buffer.alloc(Math.max(bytes, starts[type].length), `${seed} `);
  starts[type].copy(body);
  return body;
}

export const image = (
  bytes: number,
  {
    type = 'jpeg',
    seed = 0,
    contentType = `image/${type}`,
  }: { readonly type?: ImageType; readonly seed?: number; readonly contentType?: string } = {},
): Answer => {
  const body = imageBytes(bytes, { type, seed });
  return status(200, { 'content-type': contentType, 'content-length': String(body.length) }, body);
};
