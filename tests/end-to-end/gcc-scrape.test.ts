import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openPostgres } from '../../framework/connections/open-postgres.ts';
import { type ProjectFolder, projectFolder, runCli } from '../support/cli.ts';
import { image, json, openUpstream, reset, status, tooMany, type Upstream } from '../support/upstream.ts';
import { silentLog } from '../support/warehouse.ts';

/** The flows, APIs and sinks of this repository, embedded, against providers in this process that fail now and then. */
let project: ProjectFolder;
let upstream: Upstream;
let env: Record<string, string>;

const projectYaml = `name: gcc
target: dev
targets: { dev: { assets: { public_url: 'https://cdn.goodcreator.co', allow_private: true } } }
`;
const sources = ['graphapi', 'youtube', ...[1, 2, 3, 4, 5, 6].map((n) => `rapidapi_ig_${n}`)];

before(async () => {
  upstream = await openUpstream({ otherwise: status(404) });
  project = projectFolder({ 'project.yaml': projectYaml });
  const root = join(import.meta.dirname, '../..');
  for (const folder of ['flows', 'sources/apis', 'sinks/beat']) cpSync(join(root, folder), join(project.dir, folder), { recursive: true });
  const urls = ['GRAPHAPI_URL', 'YOUTUBE_API_URL', 'SENTIMENT_URL', ...[1, 2, 3, 4, 5, 6].map((n) => `RAPIDAPI_IG_${n}_URL`)];
  env = { ...Object.fromEntries(urls.map((name) => [name, upstream.url])), TOKEN: 'a secret that nobody prints' };
  for (const source of sources) await gccflow('credentials', 'add', source, '--env', 'token=TOKEN');
  tellProviders();
});

after(async () => {
  await upstream[Symbol.asyncDispose]();
  project[Symbol.dispose]();
});

async function gccflow(...args: string[]): Promise<string> {
  const run = await runCli([...args, '--quiet'], { cwd: project.dir, env });
  assert.equal(run.exitCode, 0, `gccflow ${args.join(' ')}: ${run.stderr}`);
  assert.doesNotMatch(run.stdout + run.stderr, /a secret that nobody prints/);
  return run.stdout;
}

function tellProviders(): void {
  const picture = `${upstream.url}/picture.jpg`;
  const natgeo = {
    id: '17',
    username: 'NatGeo',
    name: 'National Geographic',
    profile_picture_url: picture,
    followers_count: 283_000_000,
    follows_count: 160,
    media_count: 30_000,
  };
  upstream.on('GET /v18.0/natgeo', json(natgeo));
  upstream.on('GET /picture.jpg', image(60_000));
  upstream.on('GET /v18.0/17/media', (response, arrival) => {
    const isLast = arrival.query.get('after') === 'next';
    const post = (n: number) => ({
      id: `${n}`,
      shortcode: `post${n}`,
      caption: `Post ${n}`,
      media_type: 'IMAGE',
      timestamp: '2025-06-01T10:00:00+0000',
      like_count: 1000,
      comments_count: n,
    });
    json(isLast ? { data: [post(3)] } : { data: [post(1), post(2)], paging: { cursors: { after: 'next' } } })(response, arrival);
  });
  upstream.on('GET /v1/followers/17', (response, arrival) => {
    const page = Number(arrival.query.get('cursor') ?? 0);
    const users = Array.from({ length: 100 }, (_, index) => ({ pk: page * 100 + index, username: `fan${page * 100 + index}` }));
    json({ users, next_cursor: page < 2 ? `${page + 1}` : null })(response, arrival);
  });
  upstream.on(
    'GET /v18.0/post1/comments',
    json({ data: [{ id: 1, from: { id: 5 }, text: 'lovely', like_count: 2, timestamp: '2025-06-01T11:00:00+0000' }] }),
  );
  upstream.on('POST /score', json({ label: 'POSITIVE', score: 0.93 }));
  upstream.on(
    'GET /youtube/v3/channels',
    json({
      items: [
        {
          id: 'UC1',
          snippet: { title: 'Tech', customUrl: '@tech', thumbnails: { high: { url: picture } } },
          statistics: { subscriberCount: '1200', viewCount: '90000', videoCount: '17' },
        },
      ],
    }),
  );
  upstream.misbehave({ seed: 7, share: 0.15, answers: [status(503), reset, tooMany(1)] });
}

test('six flows run against failing providers: rows, events, follow-ups and assets are all there, once', { timeout: 240_000 }, async () => {
  const tasks = [
    ['refresh_profile_by_handle', 'handle=natgeo'],
    ['refresh_posts_by_profile', 'profile_id=17'],
    ['fetch_profile_followers', 'profile_id=17'],
    ['refresh_yt_profiles', 'channel_ids=UC1'],
    ['fetch_post_comments', 'shortcode=post1'],
    ['asset_upload_flow', 'entity_id=9', 'entity_type=post', 'platform=instagram', `asset_url=${upstream.url}/picture.jpg`],
  ] as const;
  for (const [flow, ...params] of tasks) await gccflow('enqueue', flow, '--params', ...params);

  await gccflow('worker', '--until-empty');

  await using postgres = await openPostgres(
    { type: 'embedded', path: '.gccflow/postgres' },
    { projectDir: project.dir, maxConnections: 2, log: silentLog },
  );
  const ask = (sql: string) => postgres.query(sql);
  assert.deepEqual(await ask('select flow, status, count(*)::int as n from gccflow.scrape_request group by 1, 2 order by 1, 2'), [
    { flow: 'asset_upload_flow', status: 'COMPLETE', n: 3 },
    { flow: 'comment_sentiment', status: 'COMPLETE', n: 1 },
    { flow: 'fetch_post_comments', status: 'COMPLETE', n: 1 },
    { flow: 'fetch_profile_followers', status: 'COMPLETE', n: 3 },
    { flow: 'refresh_posts_by_profile', status: 'COMPLETE', n: 2 },
    { flow: 'refresh_profile_by_handle', status: 'COMPLETE', n: 1 },
    { flow: 'refresh_yt_profiles', status: 'COMPLETE', n: 1 },
  ]);
  assert.deepEqual(await ask('select profile_id, handle, followers from beat.instagram_account'), [
    { profile_id: '17', handle: 'natgeo', followers: '283000000' },
  ]);
  assert.deepEqual(
    await ask('select shortcode, round(reach)::int as reach from beat.instagram_post order by 1'),
    [1, 2, 3].map((n) => ({ shortcode: `post${n}`, reach: 4675 })),
  );
  assert.deepEqual(await ask('select platform, entity_id, cdn_url from beat.asset order by 1, 2'), [
    { platform: 'instagram', entity_id: '17', cdn_url: 'https://cdn.goodcreator.co/assets/profiles/instagram/17.jpg' },
    { platform: 'instagram', entity_id: '9', cdn_url: 'https://cdn.goodcreator.co/assets/posts/instagram/9.jpg' },
    { platform: 'youtube', entity_id: 'UC1', cdn_url: 'https://cdn.goodcreator.co/assets/profiles/youtube/UC1.jpg' },
  ]);
  assert.deepEqual(await ask('select count(*)::int as n from gccflow.event_outbox'), [{ n: 0 }]);

  await gccflow('sink', '--until-empty');
  const counts = await gccflow(
    'show',
    '--json',
    '--inline',
    `
    select (select count() from _e.profile_log_events) as profiles, (select count() from _e.post_log_events) as posts,
      (select count() from _e.profile_relationship_log_events) as followers, (select uniqExact(event_id) from _e.profile_relationship_log_events) as ids,
      (select count() from _e.post_activity_log_events) as comments, (select any(sentiment) from _e.sentiment_log_events) as sentiment`,
  );
  assert.deepEqual(JSON.parse(counts), [{ profiles: 2, posts: 3, followers: 300, ids: 300, comments: 1, sentiment: 'POSITIVE' }]);
});
