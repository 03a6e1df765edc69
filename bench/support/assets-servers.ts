import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * What uploads are measured against, in a process of its own: a provider of images of 100 KB, and as much of S3 as puts of them need, which
 * keeps nothing but the SHA-256 that came with an object. s3rver, which the tests use, would be what is measured: 150 puts a second.
 */
const bytes = 100_000;
const start = Buffer.from('ffd8ffe000104a46494600010100000100010000', 'hex');
const rest = Buffer.alloc(bytes, 'image ');

function sendImage({ url }: IncomingMessage, response: ServerResponse): void {
  const own = Buffer.concat([start, Buffer.from(url ?? '')]);
  response.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': bytes });
  response.write(own);
  response.end(rest.subarray(own.length));
}

const digests = new Map<string, string>();
let puts = 0;

function store(request: IncomingMessage, response: ServerResponse): void {
  const { url = '', method, headers } = request;
  const known = digests.get(url);
  if (method === 'HEAD') {
    const found = known === undefined ? {} : { 'x-amz-meta-sha256': known };
    response.writeHead(known === undefined ? 404 : 200, { 'content-length': bytes, ...found }).end();
    return;
  }
  let received = 0;
  request.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  request.on('end', () => {
    const isWhole = received === bytes && method === 'PUT';
    if (isWhole) {
      puts++;
      digests.set(url.replace(/\?.*/, ''), String(headers['x-amz-meta-sha256']));
    }
    response.writeHead(isWhole ? 200 : 400, { etag: '"stored"' }).end();
  });
}

async function listen(server: Server): Promise<number> {
  server.keepAliveTimeout = 60_000;
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

const origin = await listen(createServer(sendImage));
const s3 = await listen(createServer(store));
process.on('message', () => process.send?.({ puts }));
process.send?.({ origin, s3 });
process.on('disconnect', () => process.exit(0));
