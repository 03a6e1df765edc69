import { Readable } from 'node:stream';
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { GccflowError } from '../foundation/error.ts';
import type { ObjectsConfig } from '../project/target-config.ts';
import type { ObjectDetails, ObjectStore, TableFunction } from './objects.ts';

type S3Config = Extract<ObjectsConfig, { type: 's3' }>;

/** Where and as what an object is written. */
interface PutParams {
  readonly Bucket: string;
  readonly Key: string;
  readonly ContentType?: string;
  readonly Metadata?: Record<string, string>;
}

/** The SDK's own 50 would make the second half of 100 uploads wait, and takes a wait for a socket of more than `connectMs` for a failure. */
const maxSockets = 1024;
const connectMs = 10_000;
/** How long the parts of an upload that is aborted may take to end and to be removed. */
const removeMs = 3000;

/** An object store that is a bucket, below the target's prefix. */
export class S3Objects implements ObjectStore {
  readonly kind = 's3';
  readonly #config: S3Config;
  readonly #client: S3Client;

  constructor(config: S3Config) {
    this.#config = config;
    this.#client = new S3Client({
      region: config.region,
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: { connectionTimeout: connectMs, httpsAgent: { maxSockets }, httpAgent: { maxSockets } },
      ...(config.endpoint === null ? {} : { endpoint: config.endpoint, forcePathStyle: true }),
      ...(config.access_key_id === null || config.secret_access_key === null
        ? {}
        : { credentials: { accessKeyId: config.access_key_id, secretAccessKey: config.secret_access_key } }),
    });
  }

  async put(key: string, body: Readable | Uint8Array | string, signal?: AbortSignal, details?: ObjectDetails): Promise<void> {
    const params = {
      Bucket: this.#config.bucket,
      Key: this.#key(key),
      ...(details && { ContentType: details.contentType, Metadata: { sha256: details.sha256 } }),
    };
    try {
      await this.#guard(key, () => (body instanceof Readable ? this.#upload(params, body, signal) : this.#putAtOnce(params, body, signal)));
    } catch (thrown) {
      signal?.throwIfAborted();
      throw (body instanceof Readable && body.errored) || thrown;
    }
  }

  get(key: string, signal?: AbortSignal): Promise<Readable> {
    return this.#guard(key, async () => {
      const command = new GetObjectCommand({ Bucket: this.#config.bucket, Key: this.#key(key) });
      const { Body } = await this.#client.send(command, signal === undefined ? {} : { abortSignal: signal });
      return Body as Readable;
    });
  }

  async size(key: string): Promise<number | null> {
    const head = await this.#head(key);
    return head && (head.ContentLength ?? 0);
  }

  /** Who may write and not list is told 403 of an object that is not there; where access is denied indeed, the next put says so. */
  async sha256(key: string, signal?: AbortSignal): Promise<string | null> {
    const head = await this.#head(key, signal).catch((thrown: Error) => {
      if (thrown.cause instanceof S3ServiceException && thrown.cause.$metadata.httpStatusCode === 403) return null;
      throw thrown;
    });
    return head?.Metadata?.sha256 ?? null;
  }

  list(prefix: string): Promise<string[]> {
    return this.#guard(prefix, async () => {
      const keys: string[] = [];
      const pages = paginateListObjectsV2({ client: this.#client }, { Bucket: this.#config.bucket, Prefix: this.#key(prefix) });
      for await (const page of pages)
        keys.push(...(page.Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [this.#unkey(Key)])));
      return keys.sort();
    });
  }

  async remove(keys: readonly string[]): Promise<void> {
    for (let start = 0; start < keys.length; start += 1000) {
      const batch = keys.slice(start, start + 1000);
      await this.#guard(batch[0] ?? '', async () => {
        const Objects = batch.map((key) => ({ Key: this.#key(key) }));
        await this.#client.send(new DeleteObjectsCommand({ Bucket: this.#config.bucket, Delete: { Objects, Quiet: true } }));
      });
    }
  }

  async prepare(): Promise<void> {}

  tableFunction(key: string, format: string, structure: string | null): TableFunction {
    const { access_key_id: access, secret_access_key: secret } = this.#config;
    const credentials = access === null || secret === null ? {} : { s3_access: access, s3_secret: secret };
    const params = {
      s3_url: this.#url(key),
      ...credentials,
      s3_format: format,
      ...(structure === null ? {} : { s3_structure: structure }),
    };
    return {
      sql: `s3(${Object.keys(params)
        .map((name) => `{${name}:String}`)
        .join(', ')})`,
      params,
      settings: { s3_truncate_on_insert: 1, s3_retry_attempts: storeRetries },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.destroy();
  }

  #head(key: string, signal?: AbortSignal): Promise<HeadObjectCommandOutput | null> {
    return this.#guard(key, async () => {
      const command = new HeadObjectCommand({ Bucket: this.#config.bucket, Key: this.#key(key) });
      try {
        return await this.#client.send(command, signal === undefined ? {} : { abortSignal: signal });
      } catch (thrown) {
        signal?.throwIfAborted();
        if (thrown instanceof S3ServiceException && thrown.name === 'NotFound') return null;
        throw thrown;
      }
    });
  }

  /** With its length and, as part of the signature, its SHA-256: the server takes the whole of it or nothing. */
  async #putAtOnce(params: PutParams, body: Uint8Array | string, signal?: AbortSignal): Promise<void> {
    const ContentLength = Buffer.byteLength(body);
    const command = new PutObjectCommand({ ...params, Body: body, ContentLength });
    await this.#client.send(command, signal === undefined ? {} : { abortSignal: signal });
  }

  /**
   * In parts, each read before it is sent: a stream that fails while PutObject reads it is thrown where nobody can catch it. An abort ends
   * the body, so that the parts on their way end and are removed; `Upload.abort` would leave that to itself, and to nobody where the process ends.
   */
  async #upload(params: PutParams, body: Readable, signal?: AbortSignal): Promise<void> {
    const upload = new Upload({ client: this.#client, params: { ...params, Body: body } });
    let timer: NodeJS.Timeout | undefined;
    const abort = (): void => {
      body.destroy(signal?.reason);
      timer = setTimeout(() => void upload.abort(), removeMs);
    };
    signal?.addEventListener('abort', abort, { once: true });
    // Between two parts nobody may be listening.
    body.on('error', () => {});
    try {
      signal?.throwIfAborted();
      await upload.done();
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  #key(key: string): string {
    const { prefix } = this.#config;
    return prefix === '' ? key : `${prefix.replace(/^\/+|\/+$/g, '')}/${key}`;
  }

  #unkey(key: string): string {
    return key.slice(this.#key('').length);
  }

  #url(key: string): string {
    const { endpoint, bucket, region } = this.#config;
    const base = endpoint === null ? `https://${bucket}.s3.${region}.amazonaws.com` : `${endpoint.replace(/\/$/, '')}/${bucket}`;
    return `${base}/${this.#key(key).split('/').map(urlSegment).join('/')}`;
  }

  async #guard<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (thrown) {
      if (thrown instanceof GccflowError) throw thrown;
      const { bucket, endpoint } = this.#config;
      const reason = reasonOf(thrown);
      throw new GccflowError('OBJECTS_UNREACHABLE', `The object '${key}' in bucket '${bucket}' cannot be read or written: ${reason}.`, {
        hint: `Check the bucket, the credentials and the endpoint (${endpoint ?? 'AWS'}) of the target's objects.`,
        cause: thrown,
      });
    }
  }
}

/**
 * ClickHouse's own 500 go on for most of an hour. It tries that often twice over, and heeds no KILL QUERY until it gives up: five take 6 s,
 * six 14 s. A run that is stopped then still has time to write its artifacts within the 10 s that containers are given.
 */
const storeRetries = 5;

/** ClickHouse fills `{_partition_id}` in itself, before it reads the URL. */
function urlSegment(name: string): string {
  return encodeURIComponent(name).replace('%7B_partition_id%7D', '{_partition_id}');
}

function reasonOf(thrown: unknown): string {
  if (thrown instanceof S3ServiceException) {
    if (thrown.name === 'NoSuchBucket') return 'there is no such bucket';
    if (thrown.name === 'NoSuchKey') return 'there is no such object';
    if (thrown.$metadata.httpStatusCode === 403) return 'access is denied';
    return thrown.name;
  }
  const code = (thrown as NodeJS.ErrnoException).code;
  return code ?? (thrown instanceof Error ? thrown.name : 'unknown failure');
}
