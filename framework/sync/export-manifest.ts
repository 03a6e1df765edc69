import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { Transform } from 'node:stream';
import { finished } from 'node:stream/promises';
import { createZstdDecompress, type ZstdDecompress } from 'node:zlib';
import type { ObjectStore } from '../connections/objects.ts';
import { GccflowError } from '../foundation/error.ts';
import type { Relation } from '../manifest/relation.ts';

/** What an export holds. Written last: parts without it are no export, and are never loaded. */
export interface ExportManifest {
  readonly sync: string;
  readonly runId: string;
  readonly exportedAt: string;
  readonly relation: Relation;
  readonly format: 'copy' | 'jsonl';
  readonly columns: readonly { readonly name: string; readonly type: string; readonly clickHouseType: string }[];
  readonly rows: number;
  /** Compressed. */
  readonly bytes: number;
  readonly parts: readonly ExportPart[];
  readonly queryId: string;
}

export interface ExportPart {
  readonly key: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** The keys of all exports of a sync begin with this. */
export function syncPrefix(sync: string): string {
  return `syncs/${safeKey(sync)}`;
}

export function runPrefix(sync: string, runId: string): string {
  return `${syncPrefix(sync)}/${safeKey(runId)}`;
}

/** A name as part of a key that every store and every URL takes as it is; one that had to change is told apart by a hash. */
function safeKey(name: string): string {
  const safe = name.replace(/[^A-Za-z0-9_.-]/g, '_');
  return safe === name ? safe : `${safe}-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`;
}

export function manifestKey(prefix: string): string {
  return `${prefix}/manifest.json`;
}

/**
 * Reads the uncompressed bytes of all parts, in order, each part checked against the manifest: one that differs fails at its end with
 * SYNC_EXPORT_CORRUPT. `onBytes` is told of the stored bytes as they are read.
 */
export class PartReader implements Disposable {
  readonly #objects: ObjectStore;
  readonly #parts: readonly ExportPart[];
  readonly #signal: AbortSignal;
  readonly #onBytes: (bytes: number) => void;
  #open: OpenPart | null = null;

  constructor(objects: ObjectStore, parts: readonly ExportPart[], signal: AbortSignal, onBytes: (bytes: number) => void) {
    this.#objects = objects;
    this.#parts = parts;
    this.#signal = signal;
    this.#onBytes = onBytes;
  }

  async *chunks(): AsyncGenerator<Buffer> {
    for (const part of this.#parts) {
      try {
        this.#open = await openPart(this.#objects, part, this.#signal, this.#onBytes);
        yield* this.#open.body;
      } catch (thrown) {
        throw partError(thrown, part);
      }
      this.#open = null;
    }
  }

  /** For a taker that stopped early: reads the part at hand to its end. Throws SYNC_EXPORT_CORRUPT if it differs from the manifest. */
  async checkRest(): Promise<void> {
    if (this.#open === null) return;
    const { part, checked, body } = this.#open;
    checked.unpipe(body);
    body.destroy();
    try {
      await finished(checked.resume(), { writable: false });
    } catch (thrown) {
      throw partError(thrown, part);
    }
  }

  [Symbol.dispose](): void {
    this.#open?.stored.destroy();
  }
}

interface OpenPart {
  readonly part: ExportPart;
  readonly stored: Readable;
  /** The stored bytes once more; ends in an error where they are not the manifest's. */
  readonly checked: Transform;
  readonly body: ZstdDecompress;
}

async function openPart(objects: ObjectStore, part: ExportPart, signal: AbortSignal, onBytes: (bytes: number) => void): Promise<OpenPart> {
  const stored = await objects.get(part.key, signal);
  const checked = stored.pipe(checkPart(part, onBytes));
  const body = checked.pipe(createZstdDecompress({ chunkSize: 256 * 1024 }));
  stored.once('error', (thrown) => checked.destroy(thrown));
  checked.once('error', (thrown) => body.destroy(thrown));
  return { part, stored, checked, body };
}

const exportAnew = 'Run the sync again, which exports anew; the live table is untouched.';

/** What a failed read of a part means: our own errors as they are, anything else is damage. */
function partError(thrown: unknown, part: ExportPart): unknown {
  if (thrown instanceof GccflowError || (thrown instanceof Error && thrown.name === 'AbortError')) return thrown;
  return new GccflowError('SYNC_EXPORT_CORRUPT', `The exported object '${part.key}' cannot be read to its end.`, {
    hint: exportAnew,
    cause: thrown,
  });
}

function checkPart(part: ExportPart, onBytes: (bytes: number) => void): Transform {
  const hash = createHash('sha256');
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done): void {
      hash.update(chunk);
      bytes += chunk.length;
      onBytes(chunk.length);
      done(null, chunk);
    },
    flush(done): void {
      const whole = bytes === part.bytes && hash.digest('hex') === part.sha256;
      const message = `The exported object '${part.key}' differs from its manifest.`;
      done(whole ? null : new GccflowError('SYNC_EXPORT_CORRUPT', message, { hint: exportAnew }));
    },
  });
}
