import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { artifactSchema } from '../support/artifact-schemas.ts';
import { type CliRun, runCli } from '../support/cli.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const parts = ['project.yaml', 'selectors.yaml', 'sources', 'models', 'sinks', 'macros', 'tests/data'];

/** The repository's own project, in a folder of its own, built twice. */
let dir: string;
let first: CliRun;
let second: CliRun;

before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'gccflow-gcc-'));
  for (const part of parts) cpSync(join(root, part), join(dir, part), { recursive: true });
  first = await runCli(['build'], { cwd: dir });
  second = await runCli(['build'], { cwd: dir });
});

after(() => rmSync(dir, { recursive: true, force: true }));

test('the project builds from nothing, with no failing test', () => {
  assert.equal(first.exitCode, 0, first.stderr);
  assert.doesNotMatch(first.stderr, /\bfail(ed)? /);
});

test('the second build is incremental and reads no unchanged seed again', () => {
  assert.equal(second.exitCode, 0, second.stderr);
  assert.match(second.stderr, /unchanged .*seed\.youtube_trending_in_stats/);
});

test("the published leaderboard names the channel that the source's own figures put first, in every month", async () => {
  const published = await show<{ profile_id: string; month: string; followers_rank: number }>('leaderboard');

  const leaders = new Map(published.filter((row) => row.followers_rank === 1).map((row) => [row.month.slice(0, 10), row.profile_id]));

  assert.deepEqual(leaders, leadersBySource());
});

test("an account's grade follows from its own likes, comments and audience", async () => {
  const accounts = await show<Account>('youtube_account');

  const wrong = accounts.filter((account) => {
    const rate = ((account.avg_likes + account.avg_comments) / Number(account.followers_count)) * 100;
    return (
      Math.abs(rate - account.engagement_rate) > 1e-6 * Math.max(1, rate) ||
      gradeOf(account.engagement_rate) !== account.engagement_rate_grade
    );
  });

  assert.ok(accounts.length > 1000);
  assert.deepEqual(wrong, []);
});

test('the ranks of the accounts follow their audience, without ties or gaps', async () => {
  const accounts = (await show<Account>('youtube_account')).toSorted((a, b) => Number(a.followers_rank) - Number(b.followers_rank));

  assert.deepEqual(
    accounts.map((account) => Number(account.followers_rank)),
    accounts.map((_, index) => index + 1),
  );
  accounts.reduce((above, account) => {
    assert.ok(Number(above.followers_count) >= Number(account.followers_count));
    return account;
  });
});

const artifacts = (['manifest.json', 'run_results.json', 'catalog.json', 'sources.json'] as const).map((name) => ({
  name,
  ...artifactSchema(name),
}));

test("the artifacts of the build, of docs generate and of freshness keep to dbt's schemas", {
  skip: artifacts[0]?.skip ?? false,
}, async () => {
  const docs = await runCli(['docs', 'generate'], { cwd: dir });
  const freshness = await runCli(['freshness'], { cwd: dir });

  const read = (name: string) => JSON.parse(readFileSync(join(dir, 'target', name), 'utf8'));
  assert.deepEqual([docs.exitCode, freshness.exitCode], [0, 1]); // no sink has filled a table here
  assert.deepEqual(
    artifacts.map(({ name, mistakes }) => [name, mistakes(read(name))]),
    artifacts.map(({ name }) => [name, []]),
  );
  const { nodes } = read('catalog.json');
  assert.ok(nodes['model.gcc.mart_leaderboard'].stats.num_rows.value > 0);
});

test('cron runs the core models on the same project', async () => {
  const run = await runCli(['run', '--select', 'tag:core'], { cwd: dir });

  assert.equal(run.exitCode, 0, run.stderr);
  for (const model of [
    'stg_beat_youtube_account',
    'stg_beat_youtube_post',
    'mart_youtube_post',
    'mart_youtube_account',
    'mart_time_series',
  ]) {
    assert.match(run.stderr, new RegExp(`ok .*model\\.${model}`));
  }
});

test('a full refresh gives the tables that the incremental runs gave', async () => {
  const count = `select (select count() from dbt.stg_beat_youtube_post), (select sum(cityHash64(*)) from dbt.mart_youtube_post),
    (select sum(cityHash64(*)) from (select * from dbt.mart_time_series final))`;
  const before = await runCli(['show', '--inline', count, '--output', 'json'], { cwd: dir });

  const refreshed = await runCli(['run', '--full-refresh'], { cwd: dir });
  const afterwards = await runCli(['show', '--inline', count, '--output', 'json'], { cwd: dir });

  assert.equal(refreshed.exitCode, 0, refreshed.stderr);
  assert.equal(before.exitCode, 0, before.stderr);
  assert.equal(afterwards.stdout, before.stdout);
});

interface Account {
  readonly followers_count: string;
  readonly followers_rank: string;
  readonly avg_likes: number;
  readonly avg_comments: number;
  readonly engagement_rate: number;
  readonly engagement_rate_grade: string;
}

async function show<Row>(name: string): Promise<Row[]> {
  const { stdout, stderr, exitCode } = await runCli(['show', name, '--output', 'json', '--limit', '10000'], { cwd: dir });
  assert.equal(exitCode, 0, stderr);
  return JSON.parse(stdout) as Row[];
}

function gradeOf(rate: number): string {
  return rate >= 10 ? 'A+' : rate >= 5 ? 'A' : rate >= 3 ? 'B' : rate >= 1 ? 'C' : 'F';
}

/** Month to the channel with the highest mean of daily views, worked out from the seed's rows alone. */
function leadersBySource(): Map<string, string> {
  const days = new Map<string, Map<string, number>>();
  const rows = gunzipSync(readFileSync(join(root, 'sources/seeds/youtube_trending_in_stats.csv.gz')))
    .toString('utf8')
    .trim()
    .split('\n')
    .slice(1);
  for (const row of rows) {
    const [videoId = '', date = '', channel = '', , , views = ''] =
      row.match(/("([^"]|"")*"|[^,]*)(,|$)/g)?.map((field) => field.replace(/,$/, '')) ?? [];
    if (!/^[\w-]{11}$/.test(videoId)) continue;
    const [year, day, month] = date.split('.');
    const profile = channel.replaceAll('"', '').trim().toLowerCase();
    const byDay = days.get(`20${year}-${month}-01 ${profile}`) ?? new Map<string, number>();
    byDay.set(`${day} ${videoId}`, Math.max(byDay.get(`${day} ${videoId}`) ?? 0, Number(views)));
    days.set(`20${year}-${month}-01 ${profile}`, byDay);
  }
  const best = new Map<string, { profile: string; views: number }>();
  for (const [key, byDay] of days) {
    const month = key.slice(0, 10);
    const views =
      [...byDay.values()].reduce((sum, value) => sum + value, 0) / new Set([...byDay.keys()].map((day) => day.slice(0, 2))).size;
    if (views > (best.get(month)?.views ?? 0)) best.set(month, { profile: key.slice(11), views });
  }
  return new Map([...best].toSorted().map(([month, { profile }]) => [month, profile]));
}
