import { systemClock } from '../../framework/foundation/clock.ts';
import { openAssetUploads } from '../../framework/scrape/assets/open-asset-uploads.ts';
import { openHttpClient } from '../../framework/scrape/calls/undici-client.ts';

/** A process that uploads images as fast as it can, 100 at once, as a worker of the asset flow does; tells how many it did in each second. */
const [origin, s3, seconds] = process.argv.slice(2);
const concurrency = 100;

const store = {
  type: 's3',
  bucket: 'assets',
  prefix: '',
  region: 'us-east-1',
  endpoint: `http://127.0.0.1:${s3}`,
  access_key_id: 'bench',
  secret_access_key: 'bench',
} as const;
await using http = openHttpClient();
await using uploads = await openAssetUploads(
  { store, public_url: 'https://cdn.example.com', allow_private: true },
  { http, projectDir: '/', clock: systemClock },
);
const { signal } = new AbortController();
const deadline = performance.now() + Number(seconds) * 1000;
let next = 0;
let done = 0;

async function slot(): Promise<void> {
  while (performance.now() < deadline) {
    const entityId = String(next++);
    const url = `http://127.0.0.1:${origin}/${entityId}.jpg`;
    await uploads.upload({ url, entityType: 'post', platform: 'INSTAGRAM', entityId, maxBytes: 25e6, hosts: [] }, signal);
    done++;
  }
}

const began = performance.now();
await Promise.all(Array.from({ length: concurrency }, slot));
process.send?.({ done, seconds: (performance.now() - began) / 1000 });
process.disconnect?.();
