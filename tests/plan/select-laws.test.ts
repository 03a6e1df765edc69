import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Manifest, ModelNode, Node, NodeId, TestNode } from '../../framework/manifest/manifest.ts';
import { type SelectionRequest, selectNodes } from '../../framework/plan/select-nodes.ts';
import { ModelConfig } from '../../framework/project/model-config.ts';
import { TestConfig } from '../../framework/project/test-config.ts';

const noTemplate = {
  text: '',
  file: 'x',
  start: { file: 'x', line: 1, column: 1 },
  refs: [],
  sources: [],
  configs: [],
  vars: [],
  envs: [],
  macros: [],
  helpers: [],
  variables: [],
};
const config = ModelConfig.parse({});
const testConfig = TestConfig.parse({});

function common(name: string) {
  return { name, meta: {}, description: '', at: { file: 'x', line: 1, column: 1 }, template: noTemplate };
}

/** A model `m3` in one of three folders, with one of three tags. */
function model(index: number): ModelNode {
  const [name, folder] = [`m${index}`, `f${index % 3}`];
  return {
    ...common(name),
    kind: 'model',
    id: `model.${name}`,
    fqn: ['shop', folder, name],
    tags: [`t${index % 4}`],
    file: `models/${folder}/${name}.sql`,
    relation: { database: 'dbt', name },
    config,
    columns: [],
    propertiesFile: null,
    constraints: [],
  };
}

function testOn(index: number): TestNode {
  const name = `check${index}`;
  return {
    ...common(name),
    kind: 'test',
    id: `test.${name}`,
    fqn: ['shop', name],
    tags: [],
    file: 'models/x.yaml',
    testType: 'singular',
    testName: name,
    attachedTo: null,
    column: null,
    arguments: {},
    references: {},
    config: testConfig,
  };
}

/** Model n reads the earlier models that `reads[n]` names; test n reads those of `tests[n]`. */
function graph(reads: readonly (readonly number[])[], tests: readonly (readonly number[])[] = []): Manifest {
  const nodes = new Map<NodeId, Node>();
  const parents = new Map<NodeId, NodeId[]>();
  const children = new Map<NodeId, NodeId[]>();
  const add = (node: Node, numbers: readonly number[]): void => {
    nodes.set(node.id, node);
    const ids = [...new Set(numbers)].map((number): NodeId => `model.m${number}`);
    parents.set(node.id, ids);
    children.set(node.id, []);
    for (const id of ids) children.get(id)?.push(node.id);
  };
  for (const [index, numbers] of reads.entries()) add(model(index), index === 0 ? [] : numbers.map((number) => number % index));
  for (const [index, numbers] of tests.entries()) {
    const read = numbers.map((number) => number % reads.length);
    add(testOn(index), read);
  }
  return {
    projectName: 'shop',
    projectDir: '/shop',
    target: 'dev',
    nodes,
    parents,
    children,
    macros: new Map(),
    helpers: new Map(),
    helperHashes: new Map(),
    codeHashes: new Map(),
    written: new Map(),
    vars: {},
    env: {},
    disabled: [],
  };
}

const numbers = fc.array(fc.nat(30), { maxLength: 3 });
const manifests = fc
  .tuple(
    fc.array(numbers, { minLength: 1, maxLength: 12 }),
    fc.array(
      numbers.filter(({ length }) => length > 0),
      { maxLength: 6 },
    ),
  )
  .map(([reads, tests]) => graph(reads, tests));
const values = fc.oneof(
  fc.nat(11).map((number) => `m${number}`),
  fc.nat(3).map((number) => `tag:t${number}`),
  fc.nat(2).map((number) => `path:models/f${number}`),
  fc.constantFrom('*', 'test_type:data', '*.m1*'),
);
const depths = fc.constantFrom('', '+', '1+', '2+');
const terms = fc.tuple(depths, values, fc.constantFrom('', '+', '+1', '+2')).map((parts) => parts.join(''));
const modes = fc.constantFrom('eager' as const, 'cautious' as const, 'buildable' as const, 'empty' as const);

function pick(manifest: Manifest, select: string, rest: SelectionRequest = {}): ReadonlySet<NodeId> {
  return selectNodes(manifest, { select: [select], allowEmpty: true, ...rest }).nodes;
}

const runs = { numRuns: 300 };

test('an intersection is what both of its terms pick, tests aside', () => {
  const law = fc.property(manifests, terms, terms, (manifest, a, b) => {
    const [left, right] = [pick(manifest, a, { indirect: 'empty' }), pick(manifest, b, { indirect: 'empty' })];

    assert.deepEqual(pick(manifest, `${a},${b}`, { indirect: 'empty' }), new Set(left).intersection(right));
  });
  fc.assert(law, runs);
});

test('an intersection is part of each of its terms, whichever tests come along', () => {
  const law = fc.property(manifests, terms, terms, modes, (manifest, a, b, indirect) => {
    const eager = pick(manifest, a, { indirect: 'eager' });

    assert.ok(pick(manifest, `${a},${b}`, { indirect }).isSubsetOf(eager));
  });
  fc.assert(law, runs);
});

test('a union holds all that its terms pick', () => {
  const law = fc.property(manifests, terms, terms, modes, (manifest, a, b, indirect) => {
    const both = pick(manifest, `${a} ${b}`, { indirect });

    assert.ok(pick(manifest, a, { indirect }).isSubsetOf(both) && pick(manifest, b, { indirect }).isSubsetOf(both));
  });
  fc.assert(law, runs);
});

test('the order of the terms does not matter', () => {
  const law = fc.property(manifests, terms, terms, terms, modes, (manifest, a, b, c, indirect) => {
    assert.deepEqual(pick(manifest, `${a} ${b},${c}`, { indirect }), pick(manifest, `${c},${b} ${a}`, { indirect }));
  });
  fc.assert(law, runs);
});

test('nothing that is excluded is left, and nothing else is missing', () => {
  const law = fc.property(manifests, terms, terms, (manifest, a, b) => {
    const [all, excluded] = [pick(manifest, a), pick(manifest, b)];

    assert.deepEqual(pick(manifest, a, { exclude: [b] }), new Set(all).difference(excluded));
  });
  fc.assert(law, runs);
});

test('one more step up or down never loses a node', () => {
  const law = fc.property(manifests, values, fc.nat(4), modes, (manifest, value, depth, indirect) => {
    const further = depth + 1;

    assert.ok(
      pick(manifest, `${depth}+${value}+${depth}`, { indirect }).isSubsetOf(pick(manifest, `${further}+${value}+${further}`, { indirect })),
    );
    assert.ok(pick(manifest, `${depth}+${value}+${depth}`, { indirect }).isSubsetOf(pick(manifest, `+${value}+`, { indirect })));
  });
  fc.assert(law, runs);
});

test('@ holds the descendants and can be built without anything else', () => {
  const law = fc.property(manifests, values, (manifest, value) => {
    const family = pick(manifest, `@${value}`, { indirect: 'empty' });

    assert.ok(pick(manifest, `${value}+`, { indirect: 'empty' }).isSubsetOf(family));
    for (const id of family) assert.ok(manifest.parents.get(id)?.every((parent) => family.has(parent)));
  });
  fc.assert(law, runs);
});

test('cautious picks fewer tests than buildable, and buildable fewer than eager', () => {
  const law = fc.property(manifests, terms, (manifest, term) => {
    const [empty, cautious, buildable, eager] = (['empty', 'cautious', 'buildable', 'eager'] as const).map((indirect) =>
      pick(manifest, term, { indirect }),
    );

    assert.ok(empty?.isSubsetOf(cautious as ReadonlySet<NodeId>));
    assert.ok(cautious?.isSubsetOf(buildable as ReadonlySet<NodeId>));
    assert.ok(buildable?.isSubsetOf(eager as ReadonlySet<NodeId>));
  });
  fc.assert(law, runs);
});

test('a test that cautious brings along reads nothing that is not picked', () => {
  const law = fc.property(manifests, terms, terms, (manifest, a, b) => {
    const picked = pick(manifest, `${a} ${b}`, { indirect: 'cautious' });
    const asked = pick(manifest, `${a} ${b}`, { indirect: 'empty' });

    for (const id of new Set(picked).difference(asked)) assert.ok(manifest.parents.get(id)?.every((parent) => picked.has(parent)));
  });
  fc.assert(law, runs);
});
