import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCheckEngine } from '../../framework/check/check-engine.ts';
import { checkGraph } from '../../framework/check/check-graph.ts';
import { runUnitTests } from '../../framework/check/unit-tests/run-unit-tests.ts';
import { genericTests } from '../../framework/manifest/generic-tests/index.ts';
import { loadManifest } from '../../framework/manifest/load-manifest.ts';
import { materializations } from '../../framework/materializations/index.ts';

const models = 100;
const testsOfEach = 3;

/**
 * Milliseconds for a unit test, on average over 300, once ClickHouse and the graph stand: two inputs, a WITH, a join, an aggregate and a window,
 * two rows out.
 */
export async function measureUnitTests(): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'gccflow-unit-tests-'));
  try {
    writeProject(dir);
    const builtins = { materializations, genericTests };
    const { project, manifest } = await loadManifest({ dir, env: {}, target: null, vars: {}, builtins, cacheDir: null });
    await using engine = await openCheckEngine();
    const graph = await checkGraph(manifest, engine, { project });
    const tests = [...manifest.nodes.values()].filter((node) => node.kind === 'unit_test');
    const begun = performance.now();
    const results = await runUnitTests(tests, {
      manifest,
      engine,
      width: 100,
      columnsOf: (id) => graph.relations.get(id)?.columns ?? null,
    });
    const failed = results.find(({ status }) => status !== 'pass');
    if (failed) throw new Error(failed.errors[0]?.message ?? failed.status);
    return (performance.now() - begun) / tests.length;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function writeProject(dir: string): void {
  const write = (file: string, text: string): void => writeFileSync(join(dir, file), text);
  for (const folder of ['models', 'sources']) mkdirSync(join(dir, folder));
  write('project.yaml', 'name: tested\ntargets: { dev: {} }\n');
  write(
    'sources/raw.yaml',
    `kind: source
name: raw
tables:
  - name: orders
    columns: [{ name: id, type: UInt64 }, { name: price, type: 'Decimal(10, 2)' }, { name: at, type: DateTime('UTC') }]
  - { name: shops, columns: [{ name: id, type: UInt64 }, { name: name, type: String }] }
`,
  );
  const numbers = Array.from({ length: models }, (_, index) => index);
  for (const number of numbers) write(`models/m${number}.sql`, sqlOf(number));
  write('models/m.yaml', `kind: models\nunit_tests:\n${numbers.flatMap(unitTests).join('')}`);
}

const sqlOf = (number: number): string => `with totals as (
    select id, sum(price) as total, count() as orders, max(at) as last
    from {{source "raw" "orders"}} where price > ${number} group by id
)
select totals.id as id, shops.name as name, total, orders, last, total / orders as mean, row_number() over (order by total desc) as rank
from totals left join {{source "raw" "shops"}} as shops on shops.id = totals.id
`;

function unitTests(number: number): readonly string[] {
  return Array.from({ length: testsOfEach }, (_, index) => {
    const price = 150 + index;
    return `  - name: t${index}
    model: m${number}
    given:
      - input: raw.orders
        rows: [{ id: 1, price: 200.5 }, { id: 1, price: 300, at: 2024-01-02 10:00:00 }, { id: 2, price: ${price}, at: 2024-01-03 10:00:00 }]
      - { input: raw.shops, rows: [{ id: 1, name: a }] }
    expect:
      rows:
        - { id: 1, name: a, total: 500.5, orders: 2, last: 2024-01-02 10:00:00, rank: 1 }
        - { id: 2, name: '', total: ${price}, orders: 1, last: 2024-01-03 10:00:00, rank: 2 }
`;
  });
}
