import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Manifest, NodeId } from '../../framework/manifest/manifest.ts';
import { datedSourcesOf, nodesBelow } from '../../framework/run/stale-nodes.ts';
import { manifestOf } from '../support/manifest-of.ts';

const files = {
  'sources/raw.yaml':
    'kind: source\nname: raw\nfreshness: { error_after: 1d }\ntables: [{ name: first }, { name: second }, { name: undated, freshness: null }]\n',
  'models/a.sql': 'select * from {{source "raw" "first"}}',
  'models/b.sql': 'select * from {{ref "a"}} cross join {{source "raw" "undated"}}',
  'models/c.sql': 'select * from {{source "raw" "second"}}',
  'sinks/out.yaml': 'kind: sync\nname: out\nfrom: b\nto: out\n',
};

/** The graph, with `second` filled by something that reads the model `b`. */
async function graph(): Promise<Manifest> {
  const { manifest } = await manifestOf(files);
  const second: NodeId = 'source.raw.second';
  const parents = new Map(manifest.parents).set(second, ['model.b']);
  const children = new Map(manifest.children).set('model.b', [...(manifest.children.get('model.b') ?? []), second]);
  return { ...manifest, parents, children };
}

test('a stale source holds back whatever is made of it, and nothing that is made of another source', async () => {
  const below = nodesBelow(new Map([['source.raw.first', 'too old']]), await graph());

  assert.deepEqual([...below.keys()].toSorted(), ['model.a', 'model.b', 'source.raw.second', 'sync.out']);
  assert.deepEqual(new Set(below.values()), new Set(['source.raw.first']));
});

test('the sources of nodes are the nearest ones that declare freshness', async () => {
  const manifest = await graph();
  const sourcesOf = (...nodes: NodeId[]) => datedSourcesOf(nodes, manifest).map(({ name }) => name);

  assert.deepEqual(sourcesOf('sync.out'), ['first']);
  assert.deepEqual(sourcesOf('model.c'), ['second']);
  assert.deepEqual(sourcesOf('source.raw.second'), []);
});
