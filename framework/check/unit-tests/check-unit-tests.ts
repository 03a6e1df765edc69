import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest, Node, NodeId, TestRows, UnitTestNode } from '../../manifest/manifest.ts';
import { renderSql } from '../../manifest/render-sql.ts';
import { keyOfDictionary } from '../../materializations/dictionary-sql.ts';
import { type CheckCache, keyOf } from '../check-cache.ts';
import type { CheckEngine } from '../check-engine.ts';
import type { CheckedGraph } from '../checked-graph.ts';
import type { Finding } from '../finding.ts';
import { freezeNow } from './freeze-now.ts';
import { overrideManifest } from './override-manifest.ts';
import { runUnitTests } from './run-unit-tests.ts';

export interface CheckUnitTestsOptions {
  readonly manifest: Manifest;
  readonly engine: CheckEngine;
  readonly graph: CheckedGraph;
  /** Remembers tests that passed: they pass again as long as they and what they rest on are as they were. */
  readonly cache: CheckCache;
  /** Nodes whose findings are asked for; all where null. */
  readonly only: ReadonlySet<NodeId> | null;
}

/** A line of findings is as wide as the sentences above it. */
const width = 120;

/** Runs the unit tests of models that have no mistake, those alone that could come out otherwise than before. */
export async function checkUnitTests({ manifest, engine, graph, cache, only }: CheckUnitTestsOptions): Promise<readonly Finding[]> {
  const broken = new Set(graph.findings.flatMap(({ node, severity }) => (node !== null && severity === 'error' ? [node] : [])));
  const isSound = ({ subject }: UnitTestNode): boolean =>
    subject.kind === 'macro' || !(broken.has(subject.id) || graph.notChecked.has(subject.id));
  const tests = [...manifest.nodes.values()].filter((node) => node.kind === 'unit_test').filter(isSound);
  const keys = new Map<NodeId, string>();
  const due = tests.filter((test) => {
    if (only !== null && !only.has(test.id)) return false;
    const key = testKey(test, manifest, graph);
    if (key === null) return true;
    keys.set(test.id, key);
    if (!cache.find(test.id, key)) return true;
    cache.keep(test.id, key, []);
    return false;
  });
  const columnsOf = (id: NodeId) => graph.relations.get(id)?.columns ?? null;
  const results = await runUnitTests(due, { manifest, engine, width, columnsOf });
  for (const { node, status } of results) {
    const key = keys.get(node.id);
    if (status === 'pass' && key !== undefined) cache.keep(node.id, key, []);
  }
  return results.flatMap(({ node, errors }) => errors.map((error): Finding => ({ severity: 'error', node: node.id, error })));
}

/** All that the outcome of a model's test depends on; null where that includes the time. */
function testKey(test: UnitTestNode, manifest: Manifest, graph: CheckedGraph): string | null {
  const { subject, inputs, expect, overrides } = test;
  if (subject.kind === 'macro') return null;
  const rows = [...inputs.map((input) => input.rows), expect.rows, ...expect.ctes.map((cte) => cte.rows)];
  const fixtures = rows.map((given) => (given?.format === 'fixture' ? readFixture(given, manifest) : null));
  const model = manifest.nodes.get(subject.id);
  if (model?.kind !== 'model') return null;
  const sql = render(test, model, manifest);
  if (sql === null || (overrides.now === null && freezeNow(sql, '2000-01-01T00:00:00Z') !== sql)) return null;
  const read = [model.id, ...(manifest.parents.get(model.id) ?? []), ...inputs.flatMap(({ node }) => node ?? [])];
  const types = read.map((id) => [graph.relations.get(id)?.columns, dictionaryOf(manifest.nodes.get(id))]);
  const seeds = inputs.map(({ node, rows: given }) => (given === null && node !== null ? manifest.nodes.get(node) : null));
  const hashes = seeds.map((seed) => (seed?.kind === 'seed' ? seed.contentHash : null));
  return keyOf([sql, types, inputs, expect, overrides, fixtures, hashes, model.config, test.at]);
}

/** What the rows of a dictionary are looked up by. */
function dictionaryOf(node: Node | undefined): unknown {
  return node?.kind === 'model' && node.config.materialized === 'dictionary' ? [keyOfDictionary(node.config), node.config.layout] : null;
}

/** null where it cannot be rendered, which running the test tells. */
function render(test: UnitTestNode, model: Parameters<typeof renderSql>[1], manifest: Manifest): string | null {
  try {
    return renderSql(overrideManifest(manifest, test), model, { incremental: test.overrides.incremental });
  } catch {
    return null;
  }
}

function readFixture({ fixture }: Extract<TestRows, { readonly format: 'fixture' }>, { projectDir }: Manifest): string | null {
  try {
    return readFileSync(join(projectDir, fixture.file), 'utf8');
  } catch {
    return null;
  }
}
