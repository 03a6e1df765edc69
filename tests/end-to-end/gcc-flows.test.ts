import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { estimateReach } from '../../flows/parsers/reach.ts';
import { genericTests } from '../../framework/manifest/generic-tests/index.ts';
import { loadManifest } from '../../framework/manifest/load-manifest.ts';
import { materializations } from '../../framework/materializations/index.ts';

const dir = join(import.meta.dirname, '../..');

async function load() {
  const { manifest } = await loadManifest({
    dir,
    env: {},
    target: null,
    vars: {},
    builtins: { materializations, genericTests },
    cacheDir: null,
  });
  const nodes = [...manifest.nodes.values()];
  const flows = nodes.filter((node) => node.kind === 'flow').map(({ flow }) => flow);
  return {
    manifest,
    apis: nodes.filter((node) => node.kind === 'api'),
    bulk: flows.filter(isBulk),
    pool: flows.filter((flow) => !isBulk(flow) && !onRequest.includes(flow.name)),
    served: flows.flatMap(({ serve }) => serve?.path ?? []),
  };
}

/** Beyond the worker table: what is run for requests. */
const onRequest: readonly string[] = ['refresh_yt_profile_by_handle'];

const isBulk = ({ name }: { readonly name: string }): boolean => name === 'asset_upload_bulk';

test("the platform's worker flows are declared whole: their processes, slots and limits", async () => {
  const { pool, bulk, apis } = await load();

  const workers = pool.reduce((sum, flow) => sum + flow.workers, 0);
  const slots = pool.reduce((sum, flow) => sum + flow.workers * flow.concurrency, 0);
  const levels = new Set(
    pool.flatMap(({ limits }) => limits.map(({ key, requests, per }) => `${key.replace(/_\{(?!platform).*/, '')} ${requests}/${per}`)),
  );

  assert.deepEqual([pool.length, workers, slots], [25, 152, 760]);
  assert.deepEqual(
    bulk.map(({ workers, concurrency }) => workers * concurrency),
    [5000],
  );
  assert.deepEqual([...levels].sort(), ['beat_daily_{platform} 20000/86400000', 'beat_handle 1/1000', 'beat_minute_{platform} 60/60000']);
  assert.ok(apis.length >= 14);
});

test('profiles are served by their handle on each platform, and posts by their shortcode', async () => {
  const { served } = await load();

  assert.deepEqual(served.sort(), [
    '/posts/instagram/byshortcode/{shortcode}',
    '/profiles/instagram/byhandle/{handle}',
    '/profiles/youtube/bychannel/{channel_ids}',
    '/profiles/youtube/byhandle/{handle}',
  ]);
});

test('what flows emit is stored by the sinks of beat, and feeds their event tables', async () => {
  const { manifest } = await load();

  const parents = (id: `sink.${string}`) => (manifest.parents.get(id) ?? []).filter((parent) => parent.startsWith('flow.')).length;

  assert.deepEqual(
    (['profile', 'post', 'profile_relationship', 'post_activity', 'sentiment'] as const).map((kind) => parents(`sink.${kind}_log_events`)),
    [8, 10, 2, 3, 1],
  );
});

test('reach is estimated by the documented formula, and is never negative', () => {
  const reel = (followers: number, plays: number) => estimateReach({ mediaType: 'REELS', plays, likes: 0, followers });
  const image = (likes: number) => estimateReach({ mediaType: 'IMAGE', plays: 0, likes, followers: 100_000 });

  assert.equal(Math.round(reel(100_000, 50_000) * 100) / 100, 46_169.52);
  assert.deepEqual([image(1000), image(10_000)].map(Math.round), [4675, 40_800]);
  assert.deepEqual([reel(0, 50_000), reel(100_000, 0), image(0), image(1e12)], [0, 0, 0, 0]);
});
