import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { findCycles, sortTopologically } from '../../framework/manifest/graph.ts';
import type { NodeId } from '../../framework/manifest/manifest.ts';

const id = (number: number): NodeId => `model.m${number}`;

/** Edges that all point from a node to one of a lower number: no circle can arise. */
const acyclic = fc.array(fc.tuple(fc.integer({ min: 1, max: 29 }), fc.nat()), { maxLength: 80 }).map((pairs) => {
  const edges = pairs.map(([node, seed]) => [node, seed % node] as const);
  return graphOf(30, edges);
});

function graphOf(size: number, edges: readonly (readonly [number, number])[]): Map<NodeId, NodeId[]> {
  const parents = new Map<NodeId, NodeId[]>(Array.from({ length: size }, (_, number) => [id(number), []]));
  for (const [node, parent] of edges) {
    const above = parents.get(id(node)) ?? [];
    if (!above.includes(id(parent))) above.push(id(parent));
  }
  return parents;
}

test('every node of a graph without circles is sorted behind its parents', () => {
  fc.assert(
    fc.property(acyclic, (parents) => {
      const place = new Map(sortTopologically(parents).map((node, index) => [node, index]));

      assert.equal(place.size, parents.size);
      for (const [node, above] of parents) for (const parent of above) assert.ok((place.get(parent) ?? 0) < (place.get(node) ?? 0));
      assert.deepEqual(findCycles(parents), []);
    }),
  );
});

test('in any graph every circle found is a walk along edges, and taking the circles away leaves none', () => {
  const edges = fc.array(fc.tuple(fc.nat({ max: 14 }), fc.nat({ max: 14 })), { maxLength: 60 });
  fc.assert(
    fc.property(edges, (pairs) => {
      const parents = graphOf(15, pairs);
      const cycles = findCycles(parents);

      for (const cycle of cycles) {
        assert.equal(cycle[0], cycle.at(-1));
        assert.ok(cycle.slice(1).every((parent, index) => parents.get(cycle[index] as NodeId)?.includes(parent)));
      }
      const onCycle = new Set(cycles.flat());
      const rest = new Map(
        [...parents].filter(([node]) => !onCycle.has(node)).map(([node, above]) => [node, above.filter((p) => !onCycle.has(p))]),
      );
      assert.equal(sortTopologically(rest).length, rest.size);
      assert.equal(cycles.length === 0, sortTopologically(parents).length === parents.size);
    }),
  );
});

test('a chain of 100,000 nodes is walked without overflowing the stack, closed to a circle too', () => {
  const chain = graphOf(
    100_000,
    Array.from({ length: 99_999 }, (_, index) => [index + 1, index] as const),
  );
  assert.equal(sortTopologically(chain).at(-1), id(99_999));

  chain.set(id(0), [id(99_999)]);

  assert.equal(findCycles(chain)[0]?.length, 100_001);
});
