import { tmpdir } from 'node:os';
import type { ObjectStore } from '../../framework/connections/objects.ts';
import { systemClock } from '../../framework/foundation/clock.ts';
import type { Asset, AssetUploads } from '../../framework/scrape/assets/asset-uploads.ts';
import { openAssetUploads } from '../../framework/scrape/assets/open-asset-uploads.ts';
import { openHttpClient } from '../../framework/scrape/calls/undici-client.ts';
import { type ScratchObjects, scratchFolder } from './objects.ts';
import { openUpstream, type Upstream } from './upstream.ts';

export interface AssetLab extends AsyncDisposable {
  /** Where images come from. */
  readonly upstream: Upstream;
  /** Where they are put. */
  readonly objects: ObjectStore;
  readonly uploads: AssetUploads;
  /** An asset at a path of the upstream. */
  asset(path: string, given?: Partial<Asset>): Asset;
}

export interface AssetLabOptions {
  readonly scratch?: () => Promise<ScratchObjects>;
  readonly isPrivateAllowed?: boolean;
  readonly spoolDir?: string;
  readonly publicUrl?: string | null;
  readonly storeMs?: number;
}

/** Uploads from an upstream of this process into an empty store. */
export async function assetLab({
  scratch = scratchFolder,
  isPrivateAllowed = true,
  spoolDir = tmpdir(),
  publicUrl = 'https://cdn.example.com/',
  storeMs = 60_000,
}: AssetLabOptions = {}): Promise<AssetLab> {
  await using opening = new AsyncDisposableStack();
  const upstream = opening.use(await openUpstream());
  const { objects, config: store } = opening.use(await scratch());
  const http = opening.use(openHttpClient());
  const target = { store, public_url: publicUrl, allow_private: isPrivateAllowed };
  const uploads = opening.use(await openAssetUploads(target, { http, projectDir: '/', clock: systemClock, spoolDir, storeMs }));
  const asset: AssetLab['asset'] = (path, given = {}) => ({
    url: `${upstream.url}${path}`,
    entityType: 'profile',
    platform: 'INSTAGRAM',
    entityId: path.slice(1).replaceAll('/', '-'),
    maxBytes: 25 * 2 ** 20,
    hosts: [],
    ...given,
  });
  const open = opening.move();
  return { upstream, objects, uploads, asset, [Symbol.asyncDispose]: () => open.disposeAsync() };
}
