import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { type CheckEngine, openCheckEngine } from '../../../framework/check/check-engine.ts';
import { checkGraph } from '../../../framework/check/check-graph.ts';
import type { TypedColumn } from '../../../framework/check/checked-graph.ts';
import { buildColumnGraph } from '../../../framework/check/lineage/column-graph.ts';
import { readModels } from '../../../framework/check/lineage/read-models.ts';
import { ReadingCache } from '../../../framework/check/lineage/reading-cache.ts';
import { createStub, describeSelect } from '../../../framework/check/relation-statements.ts';
import { renderModel } from '../../../framework/check/render-model.ts';
import { genericTests } from '../../../framework/manifest/generic-tests/index.ts';
import { loadManifest } from '../../../framework/manifest/load-manifest.ts';
import type { Manifest, ModelNode, Node } from '../../../framework/manifest/manifest.ts';
import { relationSql } from '../../../framework/manifest/relation.ts';
import { materializations } from '../../../framework/materializations/index.ts';

const dir = resolve(import.meta.dirname, '../../..');

test('in the project of this repository a renamed column breaks exactly the models whose lineage reads it', async (context) => {
  await using engine = await openCheckEngine();
  const load = { dir, env: {}, target: null, vars: {}, cacheDir: null, builtins: { materializations, genericTests } };
  const { project, manifest } = await loadManifest(load);
  const graph = await checkGraph(manifest, engine, { project });
  const models = [...manifest.nodes.values()].flatMap(modelsAt);
  const columns = buildColumnGraph(manifest, graph, await readModels(models, { manifest, graph, engine, cache: ReadingCache.none() }));

  const wrong: string[] = [];
  let renamed = 0;
  for (const [id, { columns: typed }] of graph.relations) {
    const node = manifest.nodes.get(id);
    const readers = (manifest.children.get(id) ?? []).flatMap((child) => modelsAt(manifest.nodes.get(child)));
    if (!node || !('relation' in node) || readers.length === 0) continue;
    const before = await outputs(readers, manifest, engine);
    for (const { name } of typed) {
      await stub(
        engine,
        node,
        typed.map((column) => (column.name === name ? { ...column, name: 'renamed column' } : column)),
      );
      const after = await outputs(readers, manifest, engine);
      renamed++;
      for (const [index, reader] of readers.entries()) {
        const lost = (before[index] ?? []).filter((column) => !after[index]?.includes(column));
        const predicted = columns.readersOf({ relation: id, column: name }).includes(reader.id);
        const derived = columns.childrenOf({ relation: id, column: name }).filter(({ relation }) => relation === reader.id);
        const isBroken = after[index]?.length === 0;
        if (predicted !== lost.length > 0) wrong.push(`${id}.${name}: ${reader.id} ${predicted ? 'does not notice' : 'breaks'}`);
        if (!isBroken && lost.some((column) => !derived.some((child) => child.column === column)))
          wrong.push(`${id}.${name}: ${reader.id} loses ${lost}`);
      }
    }
    await stub(engine, node, typed);
  }

  context.diagnostic(`${renamed} columns of ${graph.relations.size} relations renamed`);
  assert.ok(renamed > 50);
  assert.deepEqual(columns.unknown, new Map());
  assert.deepEqual(wrong, []);
});

function modelsAt(node: Node | undefined): readonly ModelNode[] {
  return node?.kind === 'model' ? [node] : [];
}

async function stub(engine: CheckEngine, node: Node, columns: readonly TypedColumn[]): Promise<void> {
  assert.ok(node.kind === 'model' || node.kind === 'seed' || node.kind === 'source');
  const answers = await engine.run([
    { sql: `drop table if exists ${relationSql(node.relation)}` },
    { sql: createStub(node.relation, columns) },
  ]);
  assert.ok(
    answers.every(({ kind }) => kind === 'rows'),
    JSON.stringify(answers),
  );
}

/** The columns that each model gives; none where its SQL, or what an incremental run adds to it, breaks. */
async function outputs(models: readonly ModelNode[], manifest: Manifest, engine: CheckEngine): Promise<readonly (readonly string[])[]> {
  const outputs: string[][] = [];
  for (const model of models) {
    const { sql, incrementalSql } = renderModel(manifest, model);
    const branches = incrementalSql === null ? [sql] : [sql, incrementalSql];
    const [full, more = full] = await engine.run(
      branches.map((branch) => ({ sql: describeSelect(branch), settings: model.config.query_settings })),
    );
    outputs.push(full?.kind === 'rows' && more?.kind === 'rows' ? full.rows.map(([name]) => String(name)) : []);
  }
  return outputs;
}
