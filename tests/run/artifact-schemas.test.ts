import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { GccflowError } from '../../framework/foundation/error.ts';
import { genericTests } from '../../framework/manifest/generic-tests/index.ts';
import { loadManifest } from '../../framework/manifest/load-manifest.ts';
import type { Manifest, NodeId } from '../../framework/manifest/manifest.ts';
import { materializations } from '../../framework/materializations/index.ts';
import { formatManifest } from '../../framework/run/format-manifest.ts';
import { formatRunResults } from '../../framework/run/format-run-results.ts';
import { parseState } from '../../framework/run/read-state.ts';
import type { NodeResult, NodeStatus, RunResult } from '../../framework/run/run-result.ts';
import { writeArtifacts } from '../../framework/run/write-artifacts.ts';
import { artifactSchema } from '../support/artifact-schemas.ts';
import { ConsumedManifest, ConsumedRunResults } from '../support/consumed-artifacts.ts';
import { everyKind } from '../support/every-kind.ts';
import { manifestOf } from '../support/manifest-of.ts';

const projects: Readonly<Record<string, () => Promise<Manifest>>> = {
  'a project with every kind of node': async () => (await manifestOf(everyKind)).manifest,
  "this repository's project": async () => {
    const builtins = { materializations, genericTests };
    const dir = resolve(import.meta.dirname, '../..');
    return (await loadManifest({ dir, env: {}, target: null, vars: {}, builtins, cacheDir: null })).manifest;
  },
};

const statuses: readonly NodeStatus[] = ['success', 'error', 'skipped', 'cancelled', 'unchanged', 'pass', 'warn', 'fail'];
const at = new Date('2026-01-02T03:04:05Z');

function resultOf(node: NodeId, status: NodeStatus): NodeResult {
  const began = status !== 'skipped' && status !== 'cancelled';
  const hasSql = /^(model|test)\./.test(node);
  const cost = { queryId: 'q', elapsedMs: 5, readRows: 1, readBytes: 8, writtenRows: 2, writtenBytes: 16, memoryBytes: 100 };
  return {
    node,
    status,
    startedAt: began ? at : null,
    durationMs: began ? 1500 : 0,
    rowsWritten: status === 'success' ? 2 : null,
    failures: status === 'fail' || status === 'warn' ? 3 : null,
    error: status === 'error' || status === 'fail' ? new GccflowError('WAREHOUSE_QUERY', 'ClickHouse refused it.') : null,
    skippedBy: status === 'skipped' ? 'model.orders' : null,
    message: status,
    statements: began
      ? [
          { ...cost, sql: 'select 1' },
          { ...cost, sql: null },
        ]
      : [],
    compiledSql: hasSql ? 'select 1' : null,
    showSql: null,
    publicationId: null,
  };
}

/** The artifacts of a run of every node, each of whose statuses is among its results. */
async function written(manifest: Manifest) {
  const targetDir = mkdtempSync(join(tmpdir(), 'gccflow-target-'));
  const ran = [...manifest.nodes.values()].filter(({ kind }) => ['model', 'seed', 'test', 'unit_test', 'sync'].includes(kind));
  const nodes = ran.flatMap(({ id }) => statuses.map((status) => resultOf(id, status)));
  const run: RunResult = {
    runId: '0198b6c0-0000-7000-8000-000000000000',
    command: 'build',
    status: 'error',
    startedAt: at,
    durationMs: 4000,
    nodes,
  };
  await writeArtifacts(run, manifest, {
    targetDir,
    args: { select: ['a'], threads: 4, vars: { days: 1 } },
    version: '0.1.0',
    redact: (text) => text,
  });
  const read = (file: string) => JSON.parse(readFileSync(join(targetDir, file), 'utf8'));
  return { read, [Symbol.dispose]: () => rmSync(targetDir, { recursive: true }) };
}

for (const [name, load] of Object.entries(projects)) {
  for (const file of ['manifest.json', 'run_results.json'] as const) {
    const { skip, mistakes } = artifactSchema(file);

    test(`${file} of ${name} keeps to dbt's schema, with nodes of every outcome`, { skip }, async () => {
      using artifacts = await written(await load());

      assert.deepEqual(mistakes(artifacts.read(file)), []);
    });
  }

  test(`the artifacts of ${name} hold what Cosmos, OpenLineage and DataHub read`, async () => {
    using artifacts = await written(await load());

    const manifest = ConsumedManifest.parse(artifacts.read('manifest.json'));
    const { results } = ConsumedRunResults.parse(artifacts.read('run_results.json'));

    const known = new Set([...Object.keys(manifest.nodes), ...Object.keys(manifest.sources), ...Object.keys(manifest.exposures)]);
    const read = Object.values(manifest.nodes).flatMap((node) => node.depends_on.nodes ?? []);
    assert.deepEqual(
      read.filter((id) => !known.has(id)),
      [],
    );
    const ran = results.map(({ unique_id }) => unique_id).filter((id) => !id.startsWith('unit_test.'));
    assert.deepEqual(
      ran.filter((id) => !known.has(id)),
      [],
    );
    assert.deepEqual(Object.keys(manifest.parent_map).toSorted(), Object.keys(manifest.child_map).toSorted());
  });
}

test('a node some of whose intervals failed is a partial success that names both', async () => {
  const { manifest } = await manifestOf(everyKind);
  const [jan, feb] = [
    { start: '2026-01-01', end: '2026-02-01' },
    { start: '2026-02-01', end: '2026-03-01' },
  ] as const;
  const nodes = [{ ...resultOf('model.orders', 'error'), intervals: { published: [jan], failed: [feb], left: [] } }];
  const run: RunResult = { runId: 'r', command: 'run', status: 'error', startedAt: at, durationMs: 1, nodes };

  const { results } = formatRunResults(run, manifest, { id: 'r', command: 'run', args: {}, startedAt: at, endedAt: at, version: '0.1.0' });

  assert.equal(results[0]?.status, 'partial success');
  assert.deepEqual(results[0]?.batch_results, { successful: [['2026-01-01', '2026-02-01']], failed: [['2026-02-01', '2026-03-01']] });
});

test('every entry of the manifest has every key that dbt writes', async () => {
  using artifacts = await written((await manifestOf(everyKind)).manifest);

  const manifest: Record<string, Record<string, Record<string, unknown>>> = artifacts.read('manifest.json');

  const missing = Object.entries(keysOfDbt).flatMap(([section, keys]) => {
    const entries = Object.values(manifest[section] ?? {}).filter((entry) => section !== 'nodes' || entry.resource_type === 'model');
    assert.ok(entries.length > 0, section);
    return entries.flatMap((entry) => keys.split(' ').filter((key) => !(key in entry)));
  });
  assert.deepEqual(missing, []);
});

const keysOfDbt = {
  nodes:
    'database schema name resource_type package_name path original_file_path unique_id fqn alias checksum config tags description columns meta group docs patch_path build_path unrendered_config created_at relation_name raw_code doc_blocks language refs sources metrics functions depends_on compiled_path compiled compiled_code extra_ctes_injected extra_ctes contract access constraints version latest_version deprecation_date primary_key time_spine',
  sources:
    'database schema name resource_type package_name path original_file_path unique_id fqn source_name source_description loader identifier quoting loaded_at_field loaded_at_query freshness external description columns meta source_meta tags config patch_path unrendered_config relation_name created_at unrendered_database unrendered_schema doc_blocks',
  macros:
    'name resource_type package_name path original_file_path unique_id macro_sql depends_on description meta docs config patch_path arguments created_at supported_languages',
  exposures:
    'name resource_type package_name path original_file_path unique_id fqn type owner description label maturity meta tags config unrendered_config url depends_on refs sources metrics created_at',
  unit_tests:
    'model given expect name resource_type package_name path original_file_path unique_id fqn description overrides depends_on config checksum schema created_at versions version',
} as const;

test('a compiled node carries its SQL and where it lies; one that did not run carries none', async () => {
  const { manifest } = await manifestOf(everyKind);
  const invocation = { id: 'i', command: 'run', args: {}, startedAt: at, endedAt: at, version: '0.1.0' };

  const { nodes } = formatManifest(manifest, invocation, new Map([['model.sales', { compiledSql: 'select 2', hasStatements: true }]]));

  const facts = ['model.shop.sales', 'model.shop.plain'].map((id) => {
    const { compiled, compiled_code, compiled_path, build_path } = nodes[id] as Record<string, unknown>;
    return [compiled, compiled_code, compiled_path, build_path];
  });
  assert.deepEqual(facts, [
    [true, 'select 2', 'target/compiled/shop/models/marts/sales.sql', 'target/run/shop/models/marts/sales.sql'],
    [false, null, null, null],
  ]);
});

test('the manifest says in dbt’s words what the files say', async () => {
  using artifacts = await written((await manifestOf(everyKind)).manifest);

  const { nodes, exposures, sources, macros, unit_tests, disabled } = artifacts.read('manifest.json');

  assert.equal(nodes['model.shop.sales'].patch_path, 'shop://models/shop.yaml');
  assert.deepEqual([nodes['model.shop.sales'].contract.enforced, nodes['model.shop.plain'].contract.enforced], [true, false]);
  assert.equal(nodes['model.shop.sales'].constraints[0].expression, 'id > 0');
  assert.equal(nodes['model.shop.places'].relation_name, null);
  assert.deepEqual(nodes['model.shop.orders'].depends_on.macros, ['macro.shop.quarter']);
  assert.deepEqual(macros['macro.shop.quarter'].depends_on.macros, ['macro.shop.half']);
  assert.deepEqual(exposures['exposure.shop.board'].owner, { name: 'Ann', email: 'ann@example.org' });
  assert.deepEqual([exposures['exposure.shop.named'].type, exposures['exposure.shop.sync.publish'].type], ['ml', 'application']);
  assert.equal(sources['source.shop.raw.orders'].source_description, "The shop's own tables.");
  assert.deepEqual(unit_tests['unit_test.shop.sales.keeps_large_ones'].given[0], {
    input: "ref('orders')",
    rows: [{ id: 1 }, { id: 9 }],
    format: 'dict',
    fixture: null,
  });
  assert.deepEqual(
    Object.keys(disabled).map((id) => id.replace(/\.[0-9a-f]{10}$/, '')),
    ['seed.shop.off', 'model.shop.old', 'test.shop.off', 'unit_test.shop.sales.asleep'],
  );
});

test('what a later comparison needs of every node is read back from the manifest', async () => {
  const { manifest } = await manifestOf(everyKind);
  using artifacts = await written(manifest);

  const state = parseState(JSON.stringify(artifacts.read('manifest.json')), 'target');

  assert.deepEqual([...state.nodes.keys()].toSorted(), [...manifest.nodes.keys()].toSorted());
  assert.deepEqual(
    [...state.nodes.values()].filter(({ facts }) => facts === null),
    [],
  );
});
