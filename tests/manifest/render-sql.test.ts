import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GccflowError } from '../../framework/foundation/error.ts';
import type { ModelNode, NodeId, TestNode } from '../../framework/manifest/manifest.ts';
import { type RenderContext, renderSql, renderText } from '../../framework/manifest/render-sql.ts';
import { type Files, projectDir } from '../support/project-dir.ts';

async function render(files: Files, id: NodeId, context: Partial<RenderContext> = {}): Promise<string> {
  using project = projectDir(files);
  const { manifest } = await project.load({ env: { REGION: 'in' }, vars: { days: 7, markets: ['in', 'id'] } });
  return renderSql(manifest, manifest.nodes.get(id) as ModelNode | TestNode, { incremental: false, ...context });
}

test('refs, sources, this, vars and the environment become SQL, and nothing is escaped', async () => {
  const sql = await render(
    {
      'sources/raw.yaml': 'kind: source\nname: raw\ntables: [{ name: event, identifier: "Event Log" }]\n',
      'models/a.sql': 'select 1',
      'models/b.sql': `{{config materialized="table"}}
select '<&>' as x, {{var "days"}}, {{var "none" "d<x"}}, '{{env "REGION"}}'
from {{ref "a"}} join {{source "raw" "event"}} using (id) where id not in (select id from {{this}});
`,
    },
    'model.b',
  );

  assert.equal(
    sql,
    `select '<&>' as x, 7, d<x, 'in'\nfrom \`dbt\`.\`a\` join \`raw\`.\`Event Log\` using (id) where id not in (select id from \`dbt\`.\`b\`)`,
  );
});

test('is_incremental chooses the branch', async () => {
  const files = { 'models/a.sql': 'select 1 {{#if (is_incremental)}}where new{{else}}where true{{/if}}' };

  assert.equal(await render(files, 'model.a', { incremental: true }), 'select 1 where new');
  assert.equal(await render(files, 'model.a'), 'select 1 where true');
});

test('a ref with final reads the folded rows, whatever alias follows', async () => {
  const files = { 'models/a.sql': 'select 1', 'models/b.sql': 'select x.id from {{ref "a" final=true}} as x' };

  assert.equal(await render(files, 'model.b'), 'select x.id from (select * from `dbt`.`a` final) as x');
});

test('an ephemeral model is put in its place as a subquery, through several levels', async () => {
  const sql = await render(
    {
      'models/a.sql': '{{config materialized="ephemeral"}}select 1 as id',
      'models/b.sql': '{{config materialized="ephemeral"}}select id from {{ref "a"}};',
      'models/c.sql': 'select * from {{ref "b"}} as b',
    },
    'model.c',
  );

  assert.equal(sql, 'select * from (select id from (select 1 as id)) as b');
});

test('a relation can be overridden for this, refs and the model under test', async () => {
  const files = {
    'models/a.sql': 'select * from {{this}}',
    'models/m.yaml': 'kind: models\nmodels: [{ name: a, columns: [{ name: id, tests: [not_null] }] }]\n',
  };
  const relationOf = (id: NodeId) => (id === 'model.a' ? { database: '_gccflow', name: 'stage' } : undefined);

  assert.equal(await render(files, 'model.a', { relationOf }), 'select * from `_gccflow`.`stage`');
  assert.match(await render(files, 'test.not_null_a_id', { relationOf }), /from `_gccflow`\.`stage`/);
});

test('a test of a replacing model reads its folded rows, and only those of its where', async () => {
  const sql = await render(
    {
      'models/a.sql': '{{config materialized="table" engine="ReplacingMergeTree(v)" order_by="id"}}select 1 as id, 2 as v',
      'models/m.yaml': `kind: models
models:
  - name: a
    tests:
      - has_no: { than: 3, config: { where: "v < {{var 'days'}}" } }
`,
      'tests/generic/has_no.sql': 'select * from {{model}} as m where m.v > {{literal than}}',
    },
    'test.has_no_a_3',
  );

  assert.equal(sql, 'select * from (select * from (select * from `dbt`.`a` final) where v < 7) as m where m.v > 3');
});

test('macros take arguments, call each other, and read the node they are called from', async () => {
  const sql = await render(
    {
      'macros/inner.hbs': '{{!-- the relation itself --}}\n{{column}} in (select {{column}} from {{this}})\n',
      'macros/outer.hbs': 'not ({{> inner column=key}})',
      'models/a.sql': 'select 1 where {{> outer key="id"}}',
    },
    'model.a',
  );

  assert.equal(sql, 'select 1 where not (id in (select id from `dbt`.`a`))');
});

test('exported functions of macros/*.ts are helpers', async () => {
  const sql = await render(
    {
      'macros/text.ts': 'export const shout = (text: string): string => text.toUpperCase();\nexport const answer = () => 42;\n',
      'models/a.sql': `select '{{shout "in"}}', {{answer}} {{#each (var "markets")}}, '{{this}}'{{/each}}`,
    },
    'model.a',
  );

  assert.equal(sql, `select 'IN', 42 , 'in', 'id'`);
});

test('a name without a value fails at its place when it is rendered', async () => {
  using project = projectDir({ 'macros/m.hbs': '{{missing}}', 'models/a.sql': 'select 1 {{> m}}' });
  const { manifest } = await project.load();
  const node = manifest.nodes.get('model.a') as ModelNode;

  assert.throws(
    () => renderSql(manifest, node, { incremental: false }),
    (error) => error instanceof GccflowError && error.code === 'RENDER_FAILED' && error.message.includes("'missing' has no value here"),
  );
});

test('hooks are templates, and their refs are parents', async () => {
  using project = projectDir({
    'models/a.sql': 'select 1',
    'models/b.sql': `{{config post_hook="optimize table {{this}}"}}select 1`,
    'models/m.yaml': `kind: models\nmodels: [{ name: b, config: { pre_hook: 'insert into log select count() from {{ref "a"}}' } }]\n`,
  });
  const { manifest } = await project.load();
  const node = manifest.nodes.get('model.b') as ModelNode;

  assert.equal(renderText(manifest, node, node.config.post_hook[0] ?? '', { incremental: false }), 'optimize table `dbt`.`b`');
  assert.deepEqual(manifest.parents.get('model.b'), ['model.a']);
});
