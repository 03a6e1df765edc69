/** Something to be fetched from the internet and kept. */
export interface Asset {
  readonly url: string;
  /** e.g. `profile`. */
  readonly entityType: string;
  readonly platform: string;
  readonly entityId: string;
  readonly maxBytes: number;
  /** Only these hosts and those below them; any public one where empty. */
  readonly hosts: readonly string[];
}

export interface StoredAsset {
  /** e.g. `assets/profiles/instagram/123.jpg`. */
  readonly key: string;
  /** Where the world sees it. */
  readonly url: string;
  /** `unchanged`: the same bytes were there already, and nothing was written. */
  readonly outcome: 'written' | 'unchanged';
  readonly bytes: number;
}

/**
 * Fetches assets and puts them into the target's asset store, whole or not at all, without holding whole files in memory. Only addresses of
 * the public internet are fetched, unless the project allows others.
 * Throws `TaskFault`: `refused` for what no other try would change (404, no image, too large, a private address), `failed` for the rest,
 * `returned` where the store is away.
 */
export interface AssetUploads extends AsyncDisposable {
  upload(asset: Asset, signal: AbortSignal): Promise<StoredAsset>;
}
