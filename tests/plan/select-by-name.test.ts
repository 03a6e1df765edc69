import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SelectionRequest, selectNodes } from '../../framework/plan/select-nodes.ts';
import { manifestOf } from '../support/manifest-of.ts';

const files = {
  'models/a.sql': '{{config tags="nightly"}}\nselect 1',
  'models/b.sql': '{{config tags="nightly,slow"}}\nselect * from {{ref "a"}}',
  'models/c.sql': '{{config materialized="table"}}\nselect * from {{ref "b"}}',
  'models/d.sql': 'select * from {{ref "c"}}',
  'models/m.yaml': 'kind: models\nmodels: [{ name: c, columns: [{ name: id, tests: [{ relationships: { to: a, field: id } }] }] }]\n',
};

/** What a request picks in a project whose selectors.yaml defines `definitions`, one YAML flow text a name. */
async function pick(definitions: Readonly<Record<string, string>>, request: SelectionRequest): Promise<string[]> {
  const entries = Object.entries(definitions).map(([name, definition]) => `  - { name: ${name}, ${definition} }`);
  const { manifest, project } = await manifestOf({ ...files, 'selectors.yaml': `selectors:\n${entries.join('\n')}\n` });
  return [...selectNodes(manifest, { selectors: project.selectors, ...request }).nodes].map((id) => id.replace('model.', '')).toSorted();
}

const definitions: readonly (readonly [what: string, definition: string, expected: readonly string[]])[] = [
  ['a term as on the command line', 'definition: "a+1"', ['a', 'b', 'test.relationships_c_id__id__a']],
  ['a method in short', 'definition: { tag: slow }', ['b']],
  ['a method with its value', 'definition: { method: tag, value: nightly, indirect_selection: empty }', ['a', 'b']],
  ['parents to a depth', 'definition: { method: fqn, value: d, parents: true, parents_depth: 1, indirect_selection: empty }', ['c', 'd']],
  ['children', 'definition: { method: fqn, value: c, children: true, children_depth: 1 }', ['c', 'd', 'test.relationships_c_id__id__a']],
  ["children's parents", 'definition: { method: fqn, value: d, childrens_parents: true, indirect_selection: empty }', ['a', 'b', 'c', 'd']],
  ['a union', 'definition: { union: [{ tag: slow }, "d"] }', ['b', 'd']],
  ['an intersection', 'definition: { intersection: [{ tag: nightly }, { tag: slow }] }', ['b']],
  ['a union without some', 'definition: { union: [{ tag: nightly }, "d", { exclude: ["a"] }] }', ['b', 'd']],
  ['a method without some', 'definition: { method: tag, value: nightly, exclude: [{ tag: slow }], indirect_selection: empty }', ['a']],
  [
    'sets in sets',
    'definition: { intersection: [{ union: ["b", "c", "d"] }, { union: ["a", "b", { config.materialized: table }] }] }',
    ['b', 'c', 'test.relationships_c_id__id__a'],
  ],
];

for (const [what, definition, expected] of definitions) {
  test(`a named selector may be ${what}`, async () => {
    assert.deepEqual(await pick({ mine: definition }, { selector: 'mine' }), expected);
  });
}

test('a named selector builds on another', async () => {
  const picked = await pick(
    { slow: 'definition: { tag: slow }', more: 'definition: { union: [{ method: selector, value: slow }, "d"] }' },
    { selector: 'more' },
  );

  assert.deepEqual(picked, ['b', 'd']);
});

test('a named selector takes part in a selection like any other method', async () => {
  const picked = await pick(
    { slow: 'definition: { tag: slow }' },
    { select: ['selector:slow+1,config.materialized:table'], indirect: 'empty' },
  );

  assert.deepEqual(picked, ['c']);
});

test('the default selector is used where nothing is asked for', async () => {
  assert.deepEqual(await pick({ slow: 'default: true, definition: { tag: slow }' }, {}), ['b']);
  assert.deepEqual(await pick({ slow: 'default: true, definition: { tag: slow }' }, { select: ['d'] }), ['d']);
});

test('--exclude takes away from a named selector', async () => {
  const picked = await pick({ nightly: 'definition: { tag: nightly }' }, { selector: 'nightly', exclude: ['a'] });

  assert.deepEqual(picked, ['b']);
});

test('an unknown named selector is an error with the nearest name', async () => {
  const picking = pick({ nightly: 'definition: { tag: nightly }' }, { selector: 'nigthly' });

  await assert.rejects(picking, { code: 'SELECTOR_NOT_FOUND', hint: /'nightly'/ });
});

test('selectors that build on each other in a circle are named', async () => {
  const circle = {
    a: 'definition: { method: selector, value: b }',
    b: 'definition: { union: ["d", { method: selector, value: a }] }',
  };

  await assert.rejects(pick(circle, { selector: 'a' }), { code: 'SELECTOR_SYNTAX', message: /a → b → a/ });
});

test('a circle through a term is found too', async () => {
  const circle = { a: 'definition: "selector:b+"', b: 'definition: "selector:a"' };

  await assert.rejects(pick(circle, { selector: 'a' }), { code: 'SELECTOR_SYNTAX', message: /a → b → a/ });
});

test('two excludes in one list are an error', async () => {
  const picking = pick({ mine: 'definition: { union: ["d", { exclude: ["a"] }, { exclude: ["b"] }] }' }, { selector: 'mine' });

  await assert.rejects(picking, { code: 'SELECTOR_SYNTAX', message: /two 'exclude'/ });
});

test('a definition that is no selection is an error', async () => {
  const picking = pick({ mine: 'definition: { tag: a, path: b }' }, { selector: 'mine' });

  await assert.rejects(picking, { code: 'SELECTOR_SYNTAX', message: /'mine' has a part that is no selection/ });
});
