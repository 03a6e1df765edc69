import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Files, projectDir } from '../support/project-dir.ts';

const shop: Files = {
  'models/stg.sql': 'select id, price from {{source "raw" "orders"}}',
  'models/inner.sql': '{{config materialized="ephemeral"}}\nselect * from {{source "raw" "shops"}}',
  'models/mart.sql':
    'select id from {{ref "stg"}} where id in (select id from {{ref "inner"}}) {{#if (is_incremental)}}and id > (select max(id) from {{this}}){{/if}}',
  'sources/raw.yaml': 'kind: source\nname: raw\ntables: [{ name: orders }, { name: shops }]\n',
  'macros/half.hbs': '({{x}} / 2)',
};

/** A properties file with one unit test, whose name is on line 3. */
const unitTest = (...lines: readonly string[]): Files => ({
  ...shop,
  'models/m.yaml': ['kind: models', 'unit_tests:', '  - name: t', ...lines.map((line) => `    ${line}`), ''].join('\n'),
});

const cases: readonly { readonly name: string; readonly files: Files; readonly expected: readonly string[] }[] = [
  {
    name: 'a model that does not exist is named with the nearest',
    files: unitTest('model: marts', 'given: []', 'expect: { rows: [] }'),
    expected: ["REF_NOT_FOUND models/m.yaml:4:12 The unit test 't' is of the model 'marts', which no file defines. | Did you mean 'mart'?"],
  },
  {
    name: 'a macro that does not exist is named with the nearest',
    files: unitTest('macro: halv', 'expect: { sql: "1" }'),
    expected: ["MACRO_NOT_FOUND models/m.yaml:4:12 The macro 'halv' does not exist. | Did you mean 'half'?"],
  },
  {
    name: 'an input that does not exist, and one that the model does not read',
    files: unitTest(
      'model: stg',
      'given:',
      "  - { input: \"{{source 'raw' 'order'}}\", rows: [] }",
      '  - { input: raw.shops, rows: [] }',
      '  - { input: ref("mart"), rows: [] }',
      'expect: { rows: [] }',
    ),
    expected: [
      "SOURCE_NOT_FOUND models/m.yaml:6:18 The unit test 't' reads the source table 'raw.order', which no file declares. | Did you mean 'raw.orders'?",
      "UNIT_TEST_INPUT models/m.yaml:7:18 The unit test 't' gives 'raw.shops', which 'stg' does not read. | It reads raw.orders.",
      "UNIT_TEST_INPUT models/m.yaml:8:18 The unit test 't' gives 'mart', which 'stg' does not read. | It reads raw.orders.",
    ],
  },
  {
    name: 'an input that is given twice, or without rows',
    files: unitTest('model: stg', 'given:', '  - { input: raw.orders, rows: [] }', '  - input: raw.orders', 'expect: { rows: [] }'),
    expected: [
      "UNIT_TEST_INPUT models/m.yaml:7:16 The unit test 't' gives the input 'raw.orders' twice.",
      "UNIT_TEST_INPUT models/m.yaml:7:16 The unit test 't' gives no rows for the input 'raw.orders'. | Write 'rows: []' for none. Only a seed has rows of its own.",
    ],
  },
  {
    name: 'a test that gives nothing of what its model reads',
    files: unitTest('model: mart', 'expect: { rows: [] }'),
    expected: [
      "UNIT_TEST_INPUT models/m.yaml:3:11 The unit test 't' gives none of what 'mart' reads. | Add 'given:' with rows of stg, inner, raw.shops; 'given: []' leaves all of them empty.",
    ],
  },
  {
    name: 'the incremental branch without what the table has before',
    files: unitTest('model: mart', 'overrides: { macros: { is_incremental: true } }', 'given: []', 'expect: { rows: [] }'),
    expected: [
      "UNIT_TEST_INPUT models/m.yaml:5:28 The unit test 't' runs the incremental branch of 'mart' and does not give 'this'. | Add '- input: this' with the rows that the table has before; 'rows: []' for none.",
    ],
  },
  {
    name: 'a fixture that does not exist, and one of which there are two',
    files: {
      ...unitTest('model: stg', 'given: [{ input: raw.orders, fixture: order }]', 'expect: { fixture: both }'),
      'tests/fixtures/orders.csv': 'id\n1\n',
      'tests/fixtures/both.csv': 'id\n1\n',
      'tests/fixtures/both.sql': 'select 1 as id',
    },
    expected: [
      "FIXTURE_NOT_FOUND models/m.yaml:5:43 The fixture 'order' does not exist. | Did you mean 'orders'?",
      "FIXTURE_NOT_FOUND models/m.yaml:6:24 There are two fixtures 'both'. | Add 'format: csv' or 'format: sql'.",
    ],
  },
  {
    name: 'vars and macros that are overridden and do not exist',
    files: unitTest('model: stg', 'overrides: { vars: { days: 1 }, macros: { hulf: x } }', 'given: []', 'expect: { rows: [] }'),
    expected: [
      "VAR_NOT_FOUND models/m.yaml:5:26 The unit test 't' overrides the var 'days', which there is not. | No template reads it, and project.yaml does not name it.",
      "MACRO_NOT_FOUND models/m.yaml:5:47 The unit test 't' overrides the macro 'hulf', which does not exist. | Did you mean 'half'?",
    ],
  },
  {
    name: 'contradictions are told all at once, each at its place',
    files: unitTest(
      'model: stg',
      'macro: half',
      'given: [{ input: raw.orders, rows: "id\\n1" }, { rows: [] }]',
      'overrides: { now: 2024-02-31 }',
      'expect: { format: csv, rows: [] }',
    ),
    expected: [
      "VALUE_INVALID models/m.yaml:5:12 A unit test names either a 'model' or a 'macro'.",
      "VALUE_INVALID models/m.yaml:6:22 A macro reads no relation. | Leave 'input' out.",
      "VALUE_INVALID models/m.yaml:6:40 'rows' is a text whose format is not said. | Add 'format: csv' or 'format: sql'.",
      "VALUE_INVALID models/m.yaml:7:23 '2024-02-31' is no time. | Write for example 2024-03-01 12:00:00 or 2024-03-01T12:00:00.250+05:30.",
      "VALUE_INVALID models/m.yaml:8:23 'rows' is a list, and the format 'csv' takes a text.",
    ],
  },
  {
    name: 'a test that expects nothing, and an unknown key',
    files: unitTest('model: stg', 'given: []', 'expect: {}', 'overides: {}'),
    expected: [
      "VALUE_INVALID models/m.yaml:6:13 'expect' says nothing: it takes 'rows', a 'fixture' or 'ctes'.",
      "KEY_UNKNOWN models/m.yaml:7:5 The key 'overides' is not known here. | Did you mean 'overrides'?",
    ],
  },
  {
    name: 'two tests of one name',
    files: {
      ...shop,
      'models/m.yaml':
        'kind: models\nunit_tests:\n  - { name: t, model: stg, given: [], expect: { rows: [] } }\n  - { name: t, model: stg, given: [], expect: { rows: [] } }\n  - { name: t, model: mart, given: [], expect: { rows: [] } }\n',
    },
    expected: [
      "NAME_DUPLICATE models/m.yaml:4:13 The unit test 't' is also defined in models/m.yaml:3:13. | Names are unique in a project, whatever the folder; rename one.",
    ],
  },
];

for (const { name, files, expected } of cases) {
  test(name, async () => {
    using project = projectDir(files);

    assert.deepEqual(await project.mistakes(), expected);
  });
}

test('a unit test is a child of its model, and reads what the model reads through ephemeral models too', async () => {
  using project = projectDir(
    unitTest(
      'model: mart',
      'given:',
      '  - { input: stg, rows: [{ id: 1 }] }',
      '  - { input: raw.shops, rows: [{ id: 1 }] }',
      'expect: { rows: [{ id: 1 }] }',
    ),
  );

  const { manifest } = await project.load();

  const node = manifest.nodes.get('unit_test.mart.t');
  assert.deepEqual(manifest.parents.get('unit_test.mart.t'), ['model.mart']);
  assert.deepEqual(manifest.children.get('unit_test.mart.t'), []);
  assert.ok(manifest.children.get('model.mart')?.includes('unit_test.mart.t'));
  assert.deepEqual(node?.kind === 'unit_test' && node.inputs.map((input) => input.node), ['model.stg', 'source.raw.shops']);
  assert.deepEqual(node?.fqn, ['shop', 'mart', 't']);
});

test('numbers of rows keep the digits they are written with', async () => {
  using project = projectDir(
    unitTest(
      'model: stg',
      'given: [{ input: raw.orders, rows: [{ id: 12345678901234567890, price: 1.10, code: 007, share: .nan, list: [0.1, 9007199254740993] }] }]',
      'expect: { rows: [] }',
    ),
  );

  const node = (await project.load()).manifest.nodes.get('unit_test.stg.t');

  const rows = node?.kind === 'unit_test' ? node.inputs[0]?.rows : null;
  assert.deepEqual(rows?.format === 'dict' && rows.rows, [
    { id: '12345678901234567890', price: '1.10', code: '007', share: 'nan', list: [0.1, '9007199254740993'] },
  ]);
});

test('a unit test of a disabled model is disabled with it', async () => {
  using project = projectDir({
    ...unitTest('model: off', 'given: []', 'expect: { rows: [] }'),
    'models/off.sql': '{{config enabled=false}}\nselect 1 as id',
  });

  const { manifest } = await project.load();

  assert.equal(manifest.nodes.get('unit_test.off.t'), undefined);
  assert.ok(manifest.disabled.some(({ id }) => id === 'unit_test.off.t'));
});
