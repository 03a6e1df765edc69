import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GccflowError } from '../../framework/foundation/error.ts';
import { formatLocation } from '../../framework/foundation/location.ts';
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
select '<&>' as x, {{var "days"}}, {{var "none" "d<x"}}, '{{env "REGION"}}', '{{env "NOWHERE" "e<x"}}'
from {{ref "a"}} join {{source "raw" "event"}} using (id) where id not in (select id from {{this}});
`,
    },
    'model.b',
  );

  assert.equal(
    sql,
    `select '<&>' as x, 7, d<x, 'in', 'e<x'\nfrom \`dbt\`.\`a\` join \`raw\`.\`Event Log\` using (id) where id not in (select id from \`dbt\`.\`b\`)`,
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

const failures: readonly { readonly name: string; readonly files: Files; readonly expected: string }[] = [
  {
    name: 'a name without a value fails at its place, in the file of its macro',
    files: { 'macros/m.hbs': '\n\n x\n {{#if true}}{{missing}}{{/if}}', 'models/a.sql': 'select 1 {{> m}}' },
    expected: "macros/m.hbs:4:16 The template of 'a' cannot be rendered: 'missing' has no value here.",
  },
  {
    name: 'a helper that throws fails where it is called',
    files: { 'macros/h.ts': 'export const boom = (x) => { throw new Error("no " + x); };', 'models/a.sql': 'select 1,\n  {{boom 3}}' },
    expected: "models/a.sql:2:3 The template of 'a' cannot be rendered: the helper 'boom' failed: no 3.",
  },
  {
    name: 'a helper that returns a promise fails where it is called',
    files: { 'macros/h.ts': 'export const later = async () => { throw new Error("no"); };', 'models/a.sql': 'select {{later}}' },
    expected:
      "models/a.sql:1:8 The template of 'a' cannot be rendered: the helper 'later' failed: it returns a promise, and a template does not wait for one.",
  },
  {
    name: 'a helper that throws inside a macro fails in the file of the macro',
    files: {
      'macros/h.ts': 'export const boom = () => { throw new Error("no"); };',
      'macros/m.hbs': '  {{boom}}',
      'models/a.sql': '{{> m}}',
    },
    expected: "macros/m.hbs:1:3 The template of 'a' cannot be rendered: the helper 'boom' failed: no.",
  },
  {
    name: 'each of a number fails where it is called, because Handlebars would render nothing',
    files: { 'models/a.sql': 'select 1,\n  {{#each 30}}{{this}}{{/each}}' },
    expected:
      "models/a.sql:2:3 The template of 'a' cannot be rendered: the helper 'each' failed: it goes through a list or a map, and '30' is neither.",
  },
  {
    name: 'a macro that calls itself without an end fails with a word for it',
    files: { 'macros/m.hbs': 'x {{> m}}', 'models/a.sql': 'select {{> m}}' },
    expected: "macros/m.hbs:1:1 The template of 'a' cannot be rendered: its macros call each other without an end.",
  },
];

for (const { name, files, expected } of failures) {
  test(name, async () => {
    using project = projectDir(files);
    const { manifest } = await project.load();
    const node = manifest.nodes.get('model.a') as ModelNode;

    assert.throws(
      () => renderSql(manifest, node, { incremental: false }),
      ({ code, at, message }: GccflowError) => {
        assert.equal(`${code} ${at && formatLocation(at)} ${message}`, `RENDER_FAILED ${expected}`);
        return true;
      },
    );
  });
}

test('the arguments of a macro may be optional, given by a context, or passed on', async () => {
  using project = projectDir({
    'macros/inner.hbs': '{{x}}{{#if y}}{{y}}{{/if}}',
    'macros/outer.hbs': '{{> inner}}{{> @partial-block}}',
    'models/a.sql':
      'select {{> inner x=1}} {{> inner (map x=2)}} {{#each (list (map x=3 y=4))}}{{> inner}}{{/each}} {{#> outer x=5}}6{{/outer}}',
  });
  const { manifest } = await project.load();

  assert.equal(renderSql(manifest, manifest.nodes.get('model.a') as ModelNode, { incremental: false }), 'select 1 2 34 56');
});

test('branches, else and nesting in is_incremental give one statement, and both branches count for the graph', async () => {
  using project = projectDir({
    'models/x.sql': 'select 1 as n',
    'models/y.sql': 'select 2 as n',
    'models/a.sql':
      'select n from {{#if (is_incremental)}}{{ref "x"}} where {{#unless (var "all" false)}}n > 0{{else}}1{{/unless}}{{else}}{{ref "y"}}{{/if}};',
  });
  const { manifest } = await project.load();
  const node = manifest.nodes.get('model.a') as ModelNode;

  assert.equal(renderSql(manifest, node, { incremental: true }), 'select n from `dbt`.`x` where n > 0');
  assert.equal(renderSql(manifest, node, { incremental: false }), 'select n from `dbt`.`y`');
  assert.deepEqual(manifest.parents.get('model.a'), ['model.x', 'model.y']);
});

test('a ref in a comment of SQL is a parent, as in dbt; one in a comment of the template is not', async () => {
  using project = projectDir({
    'models/x.sql': 'select 1',
    'models/a.sql': 'select 1 -- {{ref "x"}}\n{{!-- {{ref "nobody"}} --}}',
  });
  const { manifest } = await project.load();

  assert.deepEqual(manifest.parents.get('model.a'), ['model.x']);
  assert.equal(renderSql(manifest, manifest.nodes.get('model.a') as ModelNode, { incremental: false }), 'select 1 -- `dbt`.`x`');
});

test('a semicolon in quotes, comments and heredocs ends no statement', async () => {
  const sql = `select ';', ";", \`;\`, $$;$$, $x$ ; '$x$, a$b -- ;\n/* ; */ # ;`;
  using project = projectDir({ 'models/a.sql': `\uFEFF${sql}\r\n;\r\n` });
  const { manifest } = await project.load();

  assert.equal(renderSql(manifest, manifest.nodes.get('model.a') as ModelNode, { incremental: false }), sql);
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

test('numbers side by side are written side by side, at the start of a template, a block and a macro too', async () => {
  using project = projectDir({
    'macros/m.hbs': '{{var "a"}}{{var "b"}}',
    'models/a.sql': '{{var "a"}}{{var "b"}} {{#if true}}{{var "a"}}{{var "b"}}{{/if}} {{> m}}',
  });
  const { manifest } = await project.load({ vars: { a: 20, b: 26 } });

  assert.equal(renderSql(manifest, manifest.nodes.get('model.a') as ModelNode, { incremental: false }), '2026 2026 2026');
});
