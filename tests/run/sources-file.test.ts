import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { GccflowError } from '../../framework/foundation/error.ts';
import type { FreshnessResult, SourceFreshness } from '../../framework/run/freshness.ts';
import { readSources } from '../../framework/run/read-sources.ts';
import { writeSources } from '../../framework/run/write-sources.ts';
import { manifestOf } from '../support/manifest-of.ts';

const now = new Date('2026-03-04T12:00:00.000Z');
const invocation = { id: 'run-1', command: 'freshness', args: {}, startedAt: now, endedAt: now, version: '0.1.0' };
const files = {
  'sources/raw.yaml': `kind: source
name: raw
loaded_at: at
freshness: { warn_after: 90m, error_after: 2d, filter: 'at > today() - 9' }
tables: [{ name: fresh }, { name: stale }, { name: empty }]
`,
};

function checked(node: SourceFreshness['node'], status: SourceFreshness['status'], maxLoadedAt: string | null): SourceFreshness {
  return {
    node,
    status,
    reading: maxLoadedAt === null ? null : { maxLoadedAt: new Date(maxLoadedAt), checkedAt: now },
    error: maxLoadedAt === null ? new GccflowError('FRESHNESS_UNKNOWN', 'The source is empty: hush-hush.') : null,
    startedAt: now,
    durationMs: 12,
    statements: [],
  };
}

/** Writes one sources.json after another into a folder of their own. */
async function written(...sources: readonly (readonly SourceFreshness[])[]) {
  const { manifest } = await manifestOf(files);
  const targetDir = mkdtempSync(join(tmpdir(), 'gccflow-target-'));
  const redact = (text: string): string => text.replaceAll('hush-hush', '***');
  for (const each of sources) {
    const result: FreshnessResult = { runId: 'run-1', startedAt: now, durationMs: 30, sources: each };
    await writeSources(result, manifest, { targetDir, invocation, redact });
  }
  return { targetDir, [Symbol.dispose]: () => rmSync(targetDir, { recursive: true }) };
}

const first = [
  checked('source.raw.fresh', 'pass', '2026-03-04T11:30:00.500Z'),
  checked('source.raw.stale', 'error', '2026-03-01T00:00:00Z'),
  checked('source.raw.empty', 'runtime error', null),
];

test('sources.json says of each source when it was loaded, how long ago, and what is allowed', async () => {
  using folder = await written(first);

  const { metadata, results, elapsed_time } = JSON.parse(readFileSync(join(folder.targetDir, 'sources.json'), 'utf8'));

  assert.equal(metadata.dbt_schema_version, 'https://schemas.getdbt.com/dbt/sources/v3.json');
  assert.equal(elapsed_time, 0.03);
  assert.deepEqual(
    [results[0].unique_id, results[0].status, results[0].max_loaded_at, results[0].snapshotted_at, results[0].max_loaded_at_time_ago_in_s],
    ['source.shop.raw.fresh', 'pass', '2026-03-04T11:30:00.500Z', '2026-03-04T12:00:00.000Z', 1799.5],
  );
  assert.deepEqual(results[1].criteria, {
    warn_after: { count: 90, period: 'minute' },
    error_after: { count: 2, period: 'day' },
    filter: 'at > today() - 9',
  });
  assert.deepEqual(results[2], { unique_id: 'source.shop.raw.empty', status: 'runtime error', error: 'The source is empty: ***.' });
});

test('the last check and the one before it are read back by node', async () => {
  using folder = await written(first, [checked('source.raw.stale', 'pass', '2026-03-04T11:00:00Z')]);

  const { current, previous } = await readSources(folder.targetDir);

  assert.deepEqual(current, new Map([['source.raw.stale', { status: 'pass', maxLoadedAt: new Date('2026-03-04T11:00:00Z') }]]));
  assert.deepEqual(previous?.get('source.raw.stale'), { status: 'error', maxLoadedAt: new Date('2026-03-01T00:00:00Z') });
  assert.deepEqual(previous?.get('source.raw.empty'), { status: 'runtime error', maxLoadedAt: null });
  assert.deepEqual(readdirSync(folder.targetDir).toSorted(), ['sources.json', 'sources.previous.json']);
});

test('before the first check there is nothing to read, and after it nothing to compare with', async () => {
  using empty = await written();
  using once = await written(first);

  assert.deepEqual(await readSources(empty.targetDir), { current: null, previous: null });
  assert.equal((await readSources(once.targetDir)).previous, null);
});

test("dbt's own sources.json is read too", async () => {
  using folder = await written();
  const results = [
    { unique_id: 'source.jaffle.raw.orders', status: 'warn', max_loaded_at: '2026-03-04T01:02:03.456789+00:00' },
    { unique_id: 'source.jaffle.raw.pay.ments', status: 'runtime error', error: 'no such table' },
  ];
  writeFileSync(join(folder.targetDir, 'sources.json'), JSON.stringify({ metadata: {}, results, elapsed_time: 1 }));

  const { current } = await readSources(folder.targetDir);

  assert.deepEqual(current?.get('source.raw.orders'), { status: 'warn', maxLoadedAt: new Date('2026-03-04T01:02:03.456Z') });
  assert.equal(current?.get('source.raw.pay.ments')?.status, 'runtime error');
});

test('a sources.json that is none says so', async () => {
  using folder = await written();

  for (const text of ['{"results": 7}', '{"results": [{"unique_id": "source.a.b.c", "status": "pass", "max_loaded_at": "some day"}]}']) {
    writeFileSync(join(folder.targetDir, 'sources.json'), text);
    await assert.rejects(readSources(folder.targetDir), { code: 'ARTIFACT_MISSING', message: /cannot be read: it is no sources file/ });
  }
});
