import type { Readable } from 'node:stream';

/** An object store: S3, or a folder. Keys use `/` and never begin with one. Throws OBJECTS_UNREACHABLE. */
export interface ObjectStore extends AsyncDisposable {
  readonly kind: 's3' | 'filesystem';
  /** Writes an object, whole or not at all; replaces one of the same key. A body that fails is thrown as it failed. */
  put(key: string, body: Readable | Uint8Array | string, signal?: AbortSignal, details?: ObjectDetails): Promise<void>;
  get(key: string, signal?: AbortSignal): Promise<Readable>;
  /** Size in bytes, or null if there is no such object. */
  size(key: string): Promise<number | null>;
  /** SHA-256 of an object, in hex, as far as the store knows it; null where it does not, or where there is no such object. */
  sha256(key: string, signal?: AbortSignal): Promise<string | null>;
  /** Keys below a prefix, sorted. */
  list(prefix: string): Promise<string[]>;
  remove(keys: readonly string[]): Promise<void>;
  /** Makes room for an object that the warehouse itself will write: the folder of its key, where there are folders. */
  prepare(key: string): Promise<void>;
  /**
   * The ClickHouse table function through which the warehouse itself writes or reads an object of this store,
   * e.g. `s3({url:String}, …)`, with its parameters and settings; secrets are parameters, never text.
   */
  tableFunction(key: string, format: string, structure: string | null): TableFunction;
}

/** What a store keeps of an object besides its bytes, where it keeps such things. */
export interface ObjectDetails {
  readonly contentType: string;
  /** Of the whole body, in hex. */
  readonly sha256: string;
}

export interface TableFunction {
  readonly sql: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly settings: Readonly<Record<string, string | number | boolean>>;
}
