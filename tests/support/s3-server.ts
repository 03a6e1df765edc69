import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface S3ServerOptions {
  /** Whether bodies are kept; otherwise their digests alone, for measurements. */
  readonly keepsBodies?: boolean;
}

export interface S3Server extends AsyncDisposable {
  readonly url: string;
  /** Whole objects by `bucket/key`. */
  readonly objects: ReadonlyMap<string, StoredObject>;
  /** Uploads in parts that were begun, and neither completed nor aborted. */
  readonly openUploads: ReadonlyMap<string, unknown>;
  /** From now on every request goes to `fault`, which answers it, breaks it off or lets it be served; to nobody where null. */
  misbehave(fault: Misbehaviour | null): void;
}

export type Misbehaviour = (request: IncomingMessage, response: ServerResponse, serve: () => void) => void;

export interface StoredObject {
  readonly body: Buffer;
  readonly bytes: number;
  /** `content-type` and `x-amz-meta-…`. */
  readonly headers: Readonly<Record<string, string>>;
}

interface OpenUpload {
  readonly headers: StoredObject['headers'];
  readonly parts: Map<number, Buffer>;
}

/**
 * As much of S3 as one bucket of objects needs, in memory. Unlike s3rver it is strict as the original is: a body that is shorter than it was
 * said to be, or whose SHA-256 is not the signed one, is not stored. Signatures are not checked.
 */
export async function s3Server({ keepsBodies = true }: S3ServerOptions = {}): Promise<S3Server> {
  const objects = new Map<string, StoredObject>();
  const openUploads = new Map<string, OpenUpload>();
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://s3');
    const key = decodeURIComponent(pathname.slice(1));
    const uploadId = searchParams.get('uploadId');
    const upload = uploadId === null ? undefined : openUploads.get(uploadId);
    const body = await bodyOf(request);
    if (body === null) return void answer(response, 400, error('XAmzContentSHA256Mismatch'));
    const keep = (whole: Buffer, headers: StoredObject['headers']): void => {
      objects.set(key, { body: keepsBodies ? whole : Buffer.alloc(0), bytes: whole.length, headers });
    };
    if (uploadId !== null && upload === undefined) return void answer(response, 404, error('NoSuchUpload'));
    const action = `${request.method}${searchParams.has('uploads') ? ' uploads' : ''}${upload ? ' upload' : ''}`;
    switch (action) {
      case 'PUT':
        keep(body, headersOf(request));
        return answer(response, 200, '', { etag: etagOf(body) });
      case 'POST uploads': {
        const id = randomUUID();
        openUploads.set(id, { headers: headersOf(request), parts: new Map() });
        return answer(response, 200, `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`);
      }
      case 'PUT upload':
        upload?.parts.set(Number(searchParams.get('partNumber')), body);
        return answer(response, 200, '', { etag: etagOf(body) });
      case 'POST upload': {
        const parts = [...(upload?.parts ?? [])].toSorted(([a], [b]) => a - b).map(([, part]) => part);
        keep(Buffer.concat(parts), upload?.headers ?? {});
        openUploads.delete(uploadId ?? '');
        return answer(response, 200, `<CompleteMultipartUploadResult><ETag>"whole"</ETag></CompleteMultipartUploadResult>`);
      }
      case 'DELETE upload':
        openUploads.delete(uploadId ?? '');
        return answer(response, 204, '');
      case 'HEAD':
      case 'GET': {
        const found = objects.get(key);
        if (found === undefined) return answer(response, 404, request.method === 'HEAD' ? '' : error('NoSuchKey'));
        return answer(response, 200, request.method === 'HEAD' ? '' : found.body, {
          ...found.headers,
          'content-length': String(found.bytes),
        });
      }
    }
    return answer(response, 501, error('NotImplemented'));
  };
  let fault: Misbehaviour | null = null;
  const server = createServer((request, response) => {
    const go = (): void => void serve(request, response).catch(() => request.destroy());
    if (fault === null) go();
    else fault(request, response, go);
  });
  server.keepAliveTimeout = 60_000;
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    openUploads,
    misbehave: (next) => {
      fault = next;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Throws where the connection is lost before the body is whole; null where it is not what was signed. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const signed = request.headers['x-amz-content-sha256'];
  const isChecked = typeof signed === 'string' && /^[0-9a-f]{64}$/.test(signed);
  return isChecked && createHash('sha256').update(body).digest('hex') !== signed ? null : body;
}

function headersOf({ headers }: IncomingMessage): StoredObject['headers'] {
  const kept = Object.entries(headers).filter(([name]) => name === 'content-type' || name.startsWith('x-amz-meta-'));
  return Object.fromEntries(kept.map(([name, value]) => [name, String(value)]));
}

const etagOf = (body: Buffer): string => `"${createHash('md5').update(body).digest('hex')}"`;
const error = (code: string): string => `<Error><Code>${code}</Code></Error>`;

function answer(response: ServerResponse, status: number, body: string | Buffer, headers: Readonly<Record<string, string>> = {}): void {
  const type = { 'content-type': 'application/xml' };
  response.writeHead(status, { ...type, ...headers }).end(body);
}
