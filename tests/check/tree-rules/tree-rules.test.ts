import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatLocation } from '../../../framework/foundation/location.ts';
import { treeRuleNames } from '../../../framework/project/rule.ts';
import { checkFiles } from '../../support/checked-project.ts';

const source = `kind: source
name: raw
tables:
  - name: event
    columns:
      - { name: id, type: UInt64 }
      - { name: day, type: Date }
      - { name: kind, type: String }
      - { name: views, type: UInt64 }
  - name: account
    columns: [{ name: id, type: UInt64 }, { name: name, type: String }]
`;
const rules = treeRuleNames.map((rule) => `  - { rule: ${rule}, severity: warn }\n`).join('');
const project = `name: shop\ntargets: { dev: {} }\nrules:\n${rules}`;
const event = '{{source "raw" "event"}}';
const account = '{{source "raw" "account"}}';

/** A model's SQL, and what breaks a rule in it: the place, and the beginning of what is said after the model's name. */
const cases: readonly { readonly sql: string; readonly broken?: readonly string[] }[] = [
  // select_star
  { sql: `select * from ${event}`, broken: ['1:8 selects *'] },
  { sql: `select\n  id,\n  e.* except (id)\nfrom ${event} as e`, broken: ['3:5 selects *'] },
  { sql: `select * except (day) from ${event}`, broken: ['1:8 selects *'] },
  { sql: `with e as (select * from ${event})\nselect * from e`, broken: ['2:8 selects *'] },
  { sql: `select id from ${event} union all\nselect * except (name) from ${account}`, broken: ['2:8 selects *'] },
  { sql: `with e as (select id, views * 2 as views from ${event}) select * from e` },
  { sql: `select columns('^v') from ${event}`, broken: ['1:8 selects COLUMNS'] },
  { sql: `select id, views from (select * from ${event})` },
  { sql: `select count(*) as n, sum(views * 2) as v from ${event}` },
  { sql: `select * from (select id from ${event} union all select id from ${account})` },
  // unused_cte
  { sql: `with\n  a as (select id from ${event}),\n  b as (select 1 as x)\nselect id from a`, broken: ["3:3 declares the CTE 'b'"] },
  {
    sql: `with a as (select id from ${event}), b as (select id from a) select 1 as one`,
    broken: ["1:6 declares the CTE 'a'", "1:54 declares the CTE 'b'"],
  },
  { sql: `with a as (select id from ${event}) select name from ${account} where id in a` },
  { sql: `with a as (select id from ${event}) select id from a union all select id from a` },
  { sql: `with 3 as least select id from ${event} where views > 4` },
  {
    sql: `select id from (with a as (select id from ${event}), unused as (select 1) select id from a)`,
    broken: ["1:70 declares the CTE 'unused'"],
  },
  // implicit_variant
  { sql: `select id,\n  if(views > 1, kind, views) as x from ${event}`, broken: ["2:3 gives 'if' values without a type in common"] },
  { sql: `select id, [kind, views] as list from ${event}`, broken: ['1:12 gives a list values'] },
  { sql: `select case when id > 1 then kind else views end as x from ${event}`, broken: ["1:8 gives 'case' values"] },
  {
    sql: `select x from (select kind as x from ${event} union all select views from ${event})`,
    broken: ["has a UNION in which 'x' is String and UInt64"],
  },
  { sql: `select id, if(views > 1, kind, cast(views as String)) as x, [1, 2.5, null] as list from ${event}` },
  { sql: `select id as x from ${event} union all select toFloat64(id) from ${account}` },
  { sql: `select cast(kind as Variant(String, UInt64)) as x from ${event}` },
  // join_without_keys
  { sql: `select e.id as id, a.name as name\nfrom ${event} as e, ${account} as a`, broken: ['2:35 joins relations by a comma'] },
  { sql: `select e.id as id\nfrom ${event} as e\nleft join ${account} as a on 1 = 1`, broken: ['3:43 joins relations by a condition'] },
  { sql: `select e.id as id from ${event} as e inner join ${account} as a on a.name = 'x'`, broken: ['joins relations by a condition'] },
  { sql: `select e.id as id from ${event} as e, ${account} as a where e.id = a.id and a.name != ''` },
  { sql: `select e.id as id from ${event} as e cross join ${account} as a` },
  { sql: `select e.id as id, m.top as top from ${event} as e, (select max(views) as top from ${event}) as m` },
  { sql: `select id, name from ${event} inner join ${account} using (id)` },
  { sql: `select e.id as id from ${event} as e left join ${account} as a on a.id = e.id + 1 and a.name != ''` },
];

test('rules over SQL find what breaks them, at its place, and nothing else', async () => {
  const models = cases.map(({ sql }, index) => [`models/m${index}.sql`, sql] as const);

  const { findings } = await checkFiles({ 'project.yaml': project, 'sources/raw.yaml': source, ...Object.fromEntries(models) });

  const rulesBroken = findings.filter(({ error }) => error.code === 'RULE_BROKEN');
  const wrong: unknown[] = [];
  for (const [index, { sql, broken = [] }] of cases.entries()) {
    const found = rulesBroken
      .filter(({ node }) => node === `model.m${index}`)
      .map(({ error }) => `${error.at?.line}:${error.at?.column} ${error.message.replace(/^The model '\w+' /, '')}`);
    const fits = found.length === broken.length && broken.every((expected, at) => found[at]?.includes(expected));
    if (!fits) wrong.push({ sql, found });
  }
  assert.deepEqual(wrong, []);
  assert.ok(rulesBroken.every(({ severity, error }) => severity === 'warn' && error.hint?.includes(`stands in project.yaml:`)));
});

test('select_star holds for models that are served, and where it names models for all of these', async () => {
  const files = {
    'sources/raw.yaml': source,
    'models/inner.sql': `select * from ${event}`,
    'models/outer.sql': 'select id from {{ref "inner"}}',
  };

  const served = await checkFiles({ ...files, 'project.yaml': project });
  const named = await checkFiles({
    ...files,
    'project.yaml': project.replace('rule: select_star,', "rule: select_star, select: 'path:models',"),
  });
  const exposed = await checkFiles({
    ...files,
    'project.yaml': project,
    'models/m.yaml': 'kind: models\nexposures:\n  - { name: board, type: dashboard, owner: { name: ana }, depends_on: [inner] }\n',
  });

  assert.deepEqual(nodes(served.findings), []);
  assert.deepEqual(nodes(named.findings), ['model.inner']);
  assert.deepEqual(nodes(exposed.findings), ['model.inner']);
});

test('a sorting key that no reader uses is told where it is stated', async () => {
  const table = (name: string, key: string) => [
    `models/${name}.sql`,
    `{{config\n  materialized="table"\n  order_by="${key}"\n}}\nselect id, day, kind, views from ${event}`,
  ];
  const { findings } = await checkFiles({
    'project.yaml': project,
    'sources/raw.yaml': source,
    ...Object.fromEntries([
      table('unused', '(kind, id)'),
      table('filtered', 'kind'),
      table('joined', 'toDate(day)'),
      table('unread', 'kind'),
      table('copied', 'kind'),
      table('behind', 'kind'),
    ]),
    'models/replacing.sql': `{{config materialized="table" engine="ReplacingMergeTree()" order_by="kind"}}select id, kind from ${event}`,
    'models/a.sql': 'select id, views from {{ref "unused"}} where views > 3',
    'models/b.sql': `select sum(views) as v from {{ref "filtered"}} where kind = 'x'`,
    'models/c.sql': 'select u.id as id from {{ref "unused"}} as u inner join {{ref "joined"}} as j on u.day = j.day',
    'models/window.sql': 'select kind as what, views from {{ref "behind"}} where views > 3',
    'models/looks.sql': `select sum(views) as v from {{ref "window"}} where what = 'x'`,
    'models/copy.sql': 'select id, kind from {{ref "copied"}}',
    'models/d.sql': 'select id from {{ref "replacing"}}',
  });

  assert.deepEqual(
    findings.map(({ error }) => `${error.at && formatLocation(error.at)} ${error.message}`),
    [
      "models/unused.sql:3:12 The model 'unused' is sorted by 'kind' first, and the models that read it filter, join, group or sort by 'day', 'views' instead.",
    ],
  );
});

test('what a macro or an inlined model breaks is told at the call, or in the model itself', async () => {
  const { findings } = await checkFiles({
    'project.yaml': project,
    'sources/raw.yaml': source,
    'macros/pick.hbs': 'with never as (select 1 as x)',
    'models/inline.sql': `{{config materialized="ephemeral"}}\nwith lost as (select 1 as x)\nselect id from ${event}`,
    'models/reader.sql': '{{> pick}}\nselect id from {{ref "inline"}}',
  });

  assert.deepEqual(
    findings.map(({ error }) => `${error.at && formatLocation(error.at)} ${error.message}`),
    [
      "models/inline.sql:2:6 The model 'inline' declares the CTE 'lost' and does not read it.",
      "models/reader.sql:1:1 The model 'reader' declares the CTE 'never' and does not read it.",
    ],
  );
});

function nodes(findings: readonly { readonly node: string | null }[]): readonly (string | null)[] {
  return findings.map(({ node }) => node);
}
