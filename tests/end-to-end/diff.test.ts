import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type ProjectFolder, projectFolder, runCli } from '../support/cli.ts';
import { stateProject } from '../support/state-project.ts';

let project: ProjectFolder;
const gccflow = (...args: string[]) => runCli(args, { cwd: project.dir });

before(async () => {
  project = projectFolder(stateProject);
  const built = await gccflow('build');
  assert.equal(built.exitCode, 0, built.stderr);
  cpSync(join(project.dir, 'target'), join(project.dir, 'before'), { recursive: true });
});

after(() => project[Symbol.dispose]());

test('a project that is as it was changes nothing', async () => {
  const { exitCode, stdout } = await gccflow('diff', '--state', 'before');

  assert.deepEqual([exitCode, stdout], [0, 'Nothing changes against `before/manifest.json`.\n']);
});

test('a change is told as nodes, columns and what is made of them', async () => {
  project.write({
    'models/orders.sql': (stateProject['models/orders.sql'] as string).replace('o.price / r.rate', 'toDecimal64(o.price / r.rate, 2)'),
    'models/shop.yaml': (stateProject['models/shop.yaml'] as string)
      .replace('{ name: price, type: Float64 }', "{ name: price, type: 'Decimal(18, 2)' }, { name: note, type: String }")
      .replace('unique, ', ''),
    'models/fresh.sql': 'select 1 as x',
  });
  rmSync(join(project.dir, 'models/eur_totals.sql'));

  const { exitCode, stdout, stderr } = await gccflow('diff', '--state', 'before');

  assert.equal(exitCode, 0, stderr);
  assert.equal(
    stdout,
    `### Changes against \`before/manifest.json\`

1 new, 1 modified, 1 removed; of tests 1 removed.

| node | change | file |
| --- | --- | --- |
| \`model.eur_totals\` | removed | \`models/eur_totals.sql\` |
| \`model.fresh\` | new | \`models/fresh.sql\` |
| \`model.orders\` | modified: body, contract | \`models/orders.sql\` |

#### Columns

| column | change | read by |
| --- | --- | --- |
| \`model.orders.price\` | \`Float64\` → \`Decimal(18, 2)\` | unknown |
| \`model.orders.note\` | added: \`String\` | unknown |

#### Made of it

| consumer | of |
| --- | --- |
| \`model.totals\` | \`model.orders\` |
| \`exposure.board\` | \`model.orders\` |

<details><summary>Tests</summary>

| test | change | file |
| --- | --- | --- |
| \`test.unique_orders_id\` | removed | \`models/shop.yaml\` |

</details>
`,
  );
});

test('where the state was checked, columns are those that ClickHouse tells, with what reads them', async () => {
  project.write({ ...stateProject });
  assert.equal((await gccflow('check')).exitCode, 0);
  cpSync(join(project.dir, 'target/check.json'), join(project.dir, 'before/check.json'));
  project.write({
    'models/orders.sql': (stateProject['models/orders.sql'] as string).replace('o.price / r.rate', 'toDecimal64(o.price, 2)'),
    'models/totals.sql': '{{config materialized="view"}}\nselect sum(price) as total, count() as orders from {{ref "orders"}}',
  });

  const { stdout } = await gccflow('diff', '--state', 'before', '--json');
  rmSync(join(project.dir, 'before/check.json'));
  project.write({ 'models/totals.sql': stateProject['models/totals.sql'] as string });

  assert.deepEqual(JSON.parse(stdout).columns, [
    { node: 'model.orders', column: 'price', change: 'retyped', from: 'Float64', to: 'Decimal(18, 2)', readBy: ['model.totals'] },
    { node: 'model.totals', column: 'total', change: 'retyped', from: 'Float64', to: 'Decimal(38, 2)', readBy: ['exposure.board'] },
    { node: 'model.totals', column: 'orders', change: 'added', from: null, to: 'UInt64', readBy: ['exposure.board'] },
  ]);
});

test('a state without facts, such as dbt leaves, is compared by templates, which is said', async () => {
  const manifest = JSON.parse(readFileSync(join(project.dir, 'before/manifest.json'), 'utf8'));
  for (const section of [manifest.nodes, manifest.exposures]) for (const node of Object.values<{ meta: object }>(section)) node.meta = {};
  project.write({ 'dbt/manifest.json': JSON.stringify(manifest) });

  const { nodes, comparedByTemplate } = JSON.parse((await gccflow('diff', '--state', 'dbt', '--json')).stdout);
  const { stdout } = await gccflow('diff', '--state', 'dbt', '--markdown');

  const modified = nodes.filter(({ change }: { change: string }) => change === 'modified');
  assert.deepEqual(modified, [{ node: 'model.orders', file: 'models/orders.sql', change: 'modified', in: ['body'] }]);
  assert.equal(comparedByTemplate, 9);
  assert.match(stdout, /The state holds no facts of 9 nodes: their templates alone were compared\.\n$/);
});

test('a difference without a state is wrong usage', async () => {
  const { exitCode, stderr } = await gccflow('diff');

  assert.equal(exitCode, 2);
  assert.match(stderr, /error\[USAGE\]: A difference needs '--state'[\s\S]*hint: Name the folder/);
});
