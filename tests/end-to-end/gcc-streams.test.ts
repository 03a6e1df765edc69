import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { genericTests } from '../../framework/manifest/generic-tests/index.ts';
import { loadManifest } from '../../framework/manifest/load-manifest.ts';
import { relationSql } from '../../framework/manifest/relation.ts';
import { materializations } from '../../framework/materializations/index.ts';

const dir = join(import.meta.dirname, '../..');
const load = () => loadManifest({ dir, env: {}, target: null, vars: {}, builtins: { materializations, genericTests }, cacheDir: null });

test("the platform's streams are declared whole: queues, workers, exchanges and tables", async () => {
  const { manifest } = await load();

  const sinks = [...manifest.nodes.values()].filter((node) => node.kind === 'sink');
  const exchanges = sinks.flatMap(({ sink }) => [sink.queue.exchange, sink.dead_letter?.exchange]);
  const tables = sinks.flatMap(({ table }) => (table ? [relationSql(table)] : []));
  const buffered = sinks.filter(({ sink }) => sink.buffer !== null);

  assert.equal(sinks.length, 26);
  assert.equal(
    sinks.reduce((sum, { sink }) => sum + sink.consumers, 0),
    73,
  );
  assert.equal(new Set(exchanges).size, 11);
  assert.equal(new Set(tables).size, 18);
  assert.equal(buffered.length, 15);
});

test('every event table is a source, and every such source is filled by a sink', async () => {
  const { manifest } = await load();

  const sources = [...manifest.nodes.values()].filter((node) => node.kind === 'source' && node.relation.database === '_e');
  const tables = [...manifest.nodes.values()].flatMap((node) => (node.kind === 'sink' && node.table ? [relationSql(node.table)] : []));
  const unfed = sources.filter(({ id }) => !(manifest.parents.get(id) ?? []).some((parent) => parent.startsWith('sink.')));

  assert.deepEqual(
    unfed.map(({ id }) => id),
    [],
  );
  assert.deepEqual(new Set(sources.map((source) => ('relation' in source ? relationSql(source.relation) : ''))), new Set(tables));
});
