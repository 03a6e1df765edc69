import assert from 'node:assert/strict';
import { test } from 'node:test';
import { projectFolder, runCli } from '../support/cli.ts';

const files = {
  'project.yaml': 'name: shop\ntargets:\n  dev:\n    warehouse: { type: embedded, database: shop }\n',
  'sources/seeds/customer.csv': 'id,tier\n1,basic\n2,gold\n',
  'sources/raw.yaml': 'kind: source\nname: raw\ndatabase: shop\ntables:\n  - name: visit\n',
  // Stands for whoever writes the visits.
  'models/visitor.sql': `{{config materialized="table" pre_hook=(list
  "create table if not exists shop.visit (customer UInt64, at DateTime default now()) engine = MergeTree order by customer"
  "insert into shop.visit (customer) values (1), (1), (2)")}}
select count() as visits from shop.visit`,
  'models/customer_history.sql': `{{config materialized="snapshot" unique_key="id" check_cols="all" hard_deletes="invalidate"}}
select id::UInt64 as id, tier from {{ref "customer"}}`,
  'models/customer_tier.sql': `{{config materialized="dictionary" primary_key="id"}}
select id::UInt64 as id, tier from {{ref "customer"}}`,
  'models/visits.sql': `{{config materialized="materialized_view" engine="SummingMergeTree" order_by="customer" watermark="at" watermark_delay="1s"}}
select customer, count() as visits from {{source "raw" "visit"}} group by customer`,
  'models/report.sql': `{{config materialized="table"}}
select visits.customer as customer, visits, dictGet({{ref "customer_tier"}}, 'tier', customer) as tier, versions
from {{ref "visits"}} as visits
join (select id, count() as versions from {{ref "customer_history"}} group by id) as history on history.id = visits.customer`,
};

test('a history, a dictionary and a materialized view are built, read by a model, and brought up to date', async () => {
  using project = projectFolder(files);
  const cwd = project.dir;
  const setUp = await runCli(['run', '--select', 'visitor'], { cwd });
  const first = await runCli(['build'], { cwd });
  project.write({ 'sources/seeds/customer.csv': 'id,tier\n1,silver\n2,gold\n' });

  const second = await runCli(['build'], { cwd });
  const report = await runCli(['show', 'report', '--json'], { cwd });
  const plan = await runCli(['plan', '--select', 'visits'], { cwd });
  const refused = await runCli(['run', '--full-refresh'], { cwd });

  assert.equal(setUp.exitCode, 0, setUp.stderr);
  assert.equal(first.exitCode, 0, first.stderr);
  assert.equal(second.exitCode, 0, second.stderr);
  assert.match(first.stdout, /^ok +model\.customer_history +2 /m);
  assert.match(second.stdout, /^ok +model\.customer_history +1 /m); // one version begins
  assert.match(second.stdout, /^unchanged +model\.visits/m);
  assert.deepEqual(sorted(JSON.parse(report.stdout)), [
    { customer: 1, visits: 6, tier: 'silver', versions: 2 },
    { customer: 2, visits: 3, tier: 'gold', versions: 1 },
  ]);
  assert.match(plan.stdout, /unchanged since/);
  assert.equal(refused.exitCode, 1);
  assert.match(refused.stderr, /FULL_REFRESH_REFUSED.*'customer_history'/);
});

test('mistakes in their configs are named with their places before anything runs', async () => {
  using project = projectFolder({
    ...files,
    'models/customer_history.sql': '{{config materialized="snapshot" unique_key="id" check_col="all"}}\nselect 1 as id',
    'models/customer_tier.sql': '{{config materialized="dictionary"}}\nselect 1 as id',
    'models/visits.sql': '{{config materialized="materialized_view"}}\nselect 1 as customer, 1 as visits from {{ref "visitor"}}',
  });

  const { exitCode, stderr } = await runCli(['ls'], { cwd: project.dir });

  assert.equal(exitCode, 1);
  assert.match(
    stderr,
    /'check_col' is not known here\.\n +--> models\/customer_history\.sql:1:\d+\n(.*\n)+? +hint: Did you mean 'check_cols'\?/,
  );
  assert.match(stderr, /looked up by its 'primary_key', and none is given\.\n +--> models\/customer_tier\.sql:1:/);
  assert.match(stderr, /told from what was there before by 'watermark', and none is given\.\n +--> models\/visits\.sql:1:/);
  assert.match(stderr, /'visits' reads the model 'visitor' first, which is replaced as a whole/);
});

function sorted(rows: readonly { readonly customer: number }[]) {
  return rows.toSorted((a, b) => a.customer - b.customer);
}
