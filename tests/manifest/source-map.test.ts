import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatLocation } from '../../framework/foundation/location.ts';
import type { ModelNode, NodeId } from '../../framework/manifest/manifest.ts';
import { renderMapped, renderSql } from '../../framework/manifest/render-sql.ts';
import { type Files, projectDir } from '../support/project-dir.ts';

/** Where the first `word` of a model's SQL comes from: its place, `~` where a tag rendered it, and the place in a macro. */
async function sourceOf(files: Files, id: NodeId, word: string, incremental = false): Promise<string> {
  using project = projectDir(files);
  const { manifest } = await project.load({ env: {}, vars: {} });
  const node = manifest.nodes.get(id) as ModelNode;
  const mapped = renderMapped(manifest, node, { incremental });
  assert.equal(mapped.text, renderSql(manifest, node, { incremental }));
  assert.ok(mapped.text.includes(word), mapped.text);
  const { at, exact, macro } = mapped.sourceOf(mapped.text.indexOf(word));
  return `${exact ? '' : '~'}${formatLocation(at)}${macro ? ` ${formatLocation(macro)}` : ''}`;
}

const raw = 'kind: source\nname: raw\ntables: [{ name: event }]\n';

test('text of the author keeps its line and column behind tags of any length', async () => {
  const files = {
    'sources/raw.yaml': raw,
    'models/a.sql':
      '{{config materialized="table"}}\n\nselect {{literal "x"}} as b,\n  zz\nfrom {{source "raw" "event"}} as ee where ff = 1;\n',
  };

  assert.equal(await sourceOf(files, 'model.a', 'zz'), 'models/a.sql:4:3');
  assert.equal(await sourceOf(files, 'model.a', 'ee where'), 'models/a.sql:5:34');
  assert.equal(await sourceOf(files, 'model.a', 'ff'), 'models/a.sql:5:43');
});

test('what a tag rendered has the place of the tag', async () => {
  const files = { 'sources/raw.yaml': raw, 'models/a.sql': 'select 1\nfrom {{source "raw" "event"}} as ee\n' };

  assert.equal(await sourceOf(files, 'model.a', '`event`'), '~models/a.sql:2:6');
});

test('what a macro rendered has the place of its call, and the line of the macro', async () => {
  const files = {
    'macros/inner.hbs': '\n\n  in_ner({{x}})\n',
    'macros/outer.hbs': '{{!-- two --}}\nout_er(\n  {{> inner x=y}}\n)',
    'models/a.sql': 'select 1 as a,\n    {{> outer y="zz"}} as b, cc\n',
  };

  assert.equal(await sourceOf(files, 'model.a', 'out_er'), '~models/a.sql:2:5 macros/outer.hbs:2:1');
  assert.equal(await sourceOf(files, 'model.a', 'in_ner'), '~models/a.sql:2:5 macros/inner.hbs:3:3');
  assert.equal(await sourceOf(files, 'model.a', 'zz'), '~models/a.sql:2:5 macros/inner.hbs:3:10');
  assert.equal(await sourceOf(files, 'model.a', 'cc'), 'models/a.sql:2:30');
});

test('blocks that have lines for themselves move nothing, in either branch and in every round', async () => {
  const files = {
    'models/a.sql':
      'select 1 as a\n{{#if (is_incremental)}}\n  , bb\n{{else}}\n  , cc\n{{/if}}\n{{#each (list "x" "y")}}\n  , dd as {{this}}\n{{/each}}\nfrom ee\n',
  };

  assert.equal(await sourceOf(files, 'model.a', 'bb', true), 'models/a.sql:3:5');
  assert.equal(await sourceOf(files, 'model.a', 'cc'), 'models/a.sql:5:5');
  assert.equal(await sourceOf(files, 'model.a', 'dd as y'), 'models/a.sql:8:5');
  assert.equal(await sourceOf(files, 'model.a', 'y\n'), '~models/a.sql:8:11');
  assert.equal(await sourceOf(files, 'model.a', 'ee'), 'models/a.sql:10:6');
});

test('the text of an ephemeral model has its place in that model', async () => {
  const files = {
    'models/a.sql': '{{config materialized="ephemeral"}}\n  select 1 as aa,\n  bb ; -- end',
    'models/b.sql': 'select cc\nfrom {{ref "a"}} as dd',
  };

  assert.equal(await sourceOf(files, 'model.b', 'aa'), 'models/a.sql:2:15');
  assert.equal(await sourceOf(files, 'model.b', 'bb'), 'models/a.sql:3:3');
  assert.equal(await sourceOf(files, 'model.b', '-- end'), 'models/a.sql:3:8');
  assert.equal(await sourceOf(files, 'model.b', 'dd'), 'models/b.sql:2:21');
});

test('a block helper that counts what it is given costs the places, not the SQL', async () => {
  const files = {
    'macros/helpers.ts':
      'export function size(this: unknown, options: { fn: (context: unknown) => string }): number { return options.fn(this).length; }\n',
    'models/a.sql': 'select {{#size}}four{{/size}} as aa',
  };

  assert.equal(await sourceOf(files, 'model.a', 'aa'), '~models/a.sql:1:1');
});
