import { pipeline, type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { HttpFault } from './http-client.ts';

const unpack: Readonly<Record<string, () => Transform>> = {
  gzip: () => createGunzip(),
  'x-gzip': () => createGunzip(),
  br: () => createBrotliDecompress(),
  deflate: () => createInflate(),
  zstd: () => createZstdDecompress(),
};

/** What a request says that it takes. */
export const acceptedEncodings = 'gzip, br, deflate, zstd';

/**
 * A body as it was before `encoding`, read no faster than it is taken. Throws `HttpFault` for an encoding that was not asked for, which
 * several on top of each other are. (undici's own interceptor is experimental, and says so on stderr of every process.)
 */
export function decompress(body: Readable, encoding: string, host: string): Readable {
  const name = encoding.trim().toLowerCase();
  if (name === '' || name === 'identity') return body;
  const make = Object.hasOwn(unpack, name) ? unpack[name] : undefined;
  if (make === undefined) {
    body.destroy();
    throw new HttpFault('broken', `${host} sent a body in an encoding that was not asked for`);
  }
  // What breaks the body breaks what is read from it, with the same error.
  return pipeline(body, make(), () => {});
}
