import assert from 'node:assert/strict';
import { test } from 'node:test';
import { projectRuleFindings } from '../../framework/check/project-rules.ts';
import { projectFolder } from '../support/cli.ts';
import { loadProjectIn } from './load-project-in.ts';

const files = {
  'sources/beat.yaml': 'kind: source\nname: beat\ntables:\n  - name: log\n',
  'models/staging/stg_a.sql': '{{config tags="core"}}\nselect * from {{source "beat" "log"}}',
  'models/staging/b.sql': 'select * from {{ref "stg_a"}}',
  'models/marts/mart_c.sql': '{{config materialized="incremental" tags="core"}}\nselect * from {{ref "b"}}',
  'models/marts/mart_d.sql':
    '{{config materialized="incremental" unique_key="id" meta=(map owner="ana")}}\nselect * from {{source "beat" "log"}} {{#if (is_incremental)}}where 1{{/if}}',
  'models/marts/marts.yaml':
    'kind: models\nmodels:\n  - name: mart_d\n    description: D\n    columns:\n      - { name: id, description: Id, tests: [unique] }\n      - name: n\n',
};

const cases: readonly { readonly rule: string; readonly broken: readonly string[] }[] = [
  {
    rule: `{ rule: naming, select: 'path:models/staging', pattern: 'stg_*' }`,
    broken: ["models/staging/b.sql:1 The model 'b' is named otherwise than 'stg_*'."],
  },
  {
    rule: `{ rule: layering, select: 'path:models/staging', reads: 'resource_type:source' }`,
    broken: ["models/staging/b.sql:1 The model 'b' reads 'model.stg_a', and may read only 'resource_type:source'."],
  },
  {
    rule: `{ rule: layering, select: 'path:models/marts', reads: 'resource_type:model', exclude: mart_c }`,
    broken: ["models/marts/mart_d.sql:2 The model 'mart_d' reads 'source.beat.log', and may read only 'resource_type:model'."],
  },
  {
    rule: `{ rule: required, select: 'config.materialized:incremental', config: [unique_key], watermark: true, description: true, owner: true, tests: [unique] }`,
    broken: [
      "models/marts/mart_c.sql:1 The model 'mart_c' has no description.",
      "models/marts/mart_c.sql:1 The model 'mart_c' has no owner.",
      "models/marts/mart_c.sql:1 The model 'mart_c' has no test 'unique'.",
      "models/marts/mart_c.sql:1 The model 'mart_c' has no value of 'unique_key' in its config.",
      "models/marts/mart_c.sql:1 The model 'mart_c' has no watermark: its SQL never asks '(is_incremental)'.",
    ],
  },
  {
    rule: '{ rule: required, select: mart_d, column_descriptions: true }',
    broken: ["models/marts/mart_d.sql:1 The model 'mart_d' has no description of its column 'n'."],
  },
  {
    rule: `{ rule: closed, select: 'tag:core' }`,
    broken: ["models/staging/b.sql:1 The model 'b' is not in 'tag:core', and 'mart_c', which is, reads it."],
  },
  { rule: `{ rule: count, select: 'path:models', is: 4 }`, broken: [] },
  {
    rule: `{ rule: count, select: 'resource_type:model', at_least: 5, at_most: 9 }`,
    broken: ["project.yaml:5 'resource_type:model' picks 4 nodes, and should pick at least 5 and at most 9."],
  },
  { rule: '{ rule: naming, select: mart_d, pattern: x, severity: off }', broken: [] },
];

for (const { rule, broken } of cases) {
  test(`rule ${rule}`, async () => {
    assert.deepEqual(
      (await findingsOf(rule)).map(({ error }) => `${error.at?.file}:${error.at?.line} ${error.message}`),
      broken,
    );
  });
}

test('a broken rule tells where it stands and why it is there, and its severity is its own', async () => {
  const [finding] = await findingsOf(`{ rule: naming, select: b, pattern: 'stg_*', severity: warn, because: Names tell the layer. }`);

  assert.equal(finding?.severity, 'warn');
  assert.equal(finding?.node, 'model.b');
  assert.equal(finding?.error.code, 'RULE_BROKEN');
  assert.equal(finding?.error.hint, "The rule 'naming' stands in project.yaml:5. Names tell the layer.");
});

test('a rule whose selection matches nothing is a mistake at the rule', async () => {
  const [finding] = await findingsOf(`{ rule: naming, select: 'path:models/stagin', pattern: 'stg_*' }`);

  assert.equal(finding?.error.code, 'SELECTOR_NO_MATCH');
  assert.deepEqual(finding?.error.at, { file: 'project.yaml', line: 5, column: 13 });
});

async function findingsOf(rule: string) {
  using folder = projectFolder({ ...files, 'project.yaml': `name: shop\ntargets: { dev: {} }\nvars: {}\nrules:\n  - ${rule}\n` });
  const { project, manifest } = await loadProjectIn(folder.dir);
  return projectRuleFindings(project, manifest, new Set());
}
