import { tmpdir } from 'node:os';
import type { ObjectStore } from '../../connections/objects.ts';
import { openObjects } from '../../connections/open-objects.ts';
import type { Clock } from '../../foundation/clock.ts';
import { formatDuration } from '../../foundation/duration.ts';
import { GccflowError, messageOf } from '../../foundation/error.ts';
import type { AssetsConfig } from '../../project/target-config.ts';
import { openDeadline } from '../calls/deadline.ts';
import type { HttpClient } from '../calls/http-client.ts';
import { TaskFault } from '../task-fault.ts';
import { assetAddress } from './asset-address.ts';
import { assetKey, publicAddress } from './asset-key.ts';
import type { Asset, AssetUploads, StoredAsset } from './asset-uploads.ts';
import { type DownloadDeps, type DownloadedAsset, downloadAsset } from './download-asset.ts';
import { MemoryBudget } from './memory-budget.ts';

type AssetsTarget = Pick<AssetsConfig, 'store' | 'public_url' | 'allow_private'>;

export interface AssetUploadsDeps {
  /** Stays the caller's. */
  readonly http: Pick<HttpClient, 'stream'>;
  readonly projectDir: string;
  readonly clock: Clock;
  /** Where assets are that do not stay in memory; the system's folder for such files where nothing is said. */
  readonly spoolDir?: string;
  /** How long the store may take for each thing it is asked; a minute where nothing is said. */
  readonly storeMs?: number;
}

/** What all uploads of a process together may hold in memory. */
const budgetBytes = 64 * 2 ** 20;
/** Larger assets go through a file, and to the store in parts. */
const maxInMemory = 8 * 2 ** 20;
/** What an upload in parts holds: four parts of 5 MB, and what is read of the next. */
const partsBytes = 28 * 2 ** 20;
const usualStoreMs = 60_000;
const storeWaitMs = 15_000;

/** Opens the target's asset store, and what puts assets into it. The store's first use shows whether it answers. */
export async function openAssetUploads(target: AssetsTarget, deps: AssetUploadsDeps): Promise<AssetUploads> {
  const { http, projectDir, clock, spoolDir = tmpdir(), storeMs = usualStoreMs } = deps;
  const store = await openObjects(target.store, { projectDir });
  const budget = new MemoryBudget(budgetBytes);
  const body = { budget, maxInMemory, dir: spoolDir };
  const download: DownloadDeps = { http, reach: target.allow_private ? 'any' : 'public', body, clock };
  return new Uploads({ store, publicUrl: target.public_url, download, storeMs });
}

interface UploadsParts {
  readonly store: ObjectStore;
  readonly publicUrl: string | null;
  readonly download: DownloadDeps;
  readonly storeMs: number;
}

class Uploads implements AssetUploads {
  readonly #parts: UploadsParts;

  constructor(parts: UploadsParts) {
    this.#parts = parts;
  }

  async upload(asset: Asset, signal: AbortSignal): Promise<StoredAsset> {
    const key = assetKey(asset);
    await using downloaded = await downloadAsset(asset, assetAddress(asset), this.#parts.download, signal);
    const outcome = await this.#keep(key, downloaded, signal);
    return { key, url: publicAddress(key, this.#parts.publicUrl), outcome, bytes: downloaded.body.bytes };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.store[Symbol.asyncDispose]();
  }

  async #keep(key: string, { body, contentType, sha256 }: DownloadedAsset, signal: AbortSignal): Promise<StoredAsset['outcome']> {
    if ((await this.#ask(signal, (within) => this.#parts.store.sha256(key, within))) === sha256) return 'unchanged';
    const details = { contentType, sha256 };
    const put = (): Promise<void> => this.#ask(signal, (within) => this.#parts.store.put(key, body.read(), within, details));
    await (body.isInFile ? this.#inTurn(Math.min(body.bytes, partsBytes), put, signal) : put());
    return 'written';
  }

  /** Puts of files read them into memory, a part at a time: as many at once as the budget has room for. */
  async #inTurn(bytes: number, put: () => Promise<void>, signal: AbortSignal): Promise<void> {
    const { budget } = this.#parts.download.body;
    await budget.take(bytes, signal);
    try {
      await put();
    } finally {
      budget.give(bytes);
    }
  }

  /** Throws `TaskFault`, `returned`, where the store does not answer, refuses access or takes too long. */
  async #ask<Result>(signal: AbortSignal, work: (within: AbortSignal) => Promise<Result>): Promise<Result> {
    const { storeMs } = this.#parts;
    using deadline = openDeadline(storeMs, signal);
    try {
      return await work(deadline.signal);
    } catch (cause) {
      if (!deadline.isOver) {
        signal.throwIfAborted();
        if (!(cause instanceof GccflowError)) throw cause;
      }
      const message = deadline.isOver ? `the asset store did not answer within ${formatDuration(storeMs)}` : messageOf(cause);
      throw new TaskFault('returned', 'OBJECTS_UNREACHABLE', message, { waitMs: storeWaitMs, cause });
    }
  }
}
