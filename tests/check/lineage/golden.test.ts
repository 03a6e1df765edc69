import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openCheckEngine } from '../../../framework/check/check-engine.ts';
import type { ColumnRef } from '../../../framework/check/lineage/column-ref.ts';
import type { QueryLineage } from '../../../framework/check/lineage/query-lineage.ts';
import { lineagesOf, makeGoldenTables, readGoldenQueries } from './golden-queries.ts';

test('the lineage of queries is what reading them says', async (context) => {
  await using engine = await openCheckEngine();
  const { find } = await makeGoldenTables(engine);
  const queries = readGoldenQueries();

  const lineages = await lineagesOf(queries, engine, find);

  const edges = { expected: 0, exact: 0, wrong: 0 };
  for (const [index, query] of queries.entries()) {
    const lineage = lineages[index];
    assert.ok(lineage);
    const expected = edgesOf(query.columns, query.influences);
    const found = new Set(describe(lineage));
    const missing = expected.filter((edge) => !found.has(edge));
    const surplus = [...found].filter((edge) => !expected.includes(edge));
    edges.expected += expected.length;
    edges.exact += expected.length - missing.length;
    edges.wrong += surplus.length;
    if (missing.length + surplus.length > 0)
      context.diagnostic(`${query.name}: missing ${missing.join('; ')}, surplus ${surplus.join('; ')}`);
  }
  context.diagnostic(`${queries.length} queries, ${edges.exact} of ${edges.expected} edges found, ${edges.wrong} that are none`);
  assert.ok(queries.length >= 100);
  assert.ok((edges.exact - edges.wrong) / edges.expected >= 0.98);
});

function describe({ columns, influences }: QueryLineage): readonly string[] {
  return edgesOf(
    columns.map(({ name, from }) => ({ name, from: from.map(textOf) })),
    influences.map(textOf),
  );
}

/** An output column is an edge too, so that one too many or too few counts. */
function edgesOf(columns: readonly { name: string; from: readonly string[] }[], influences: readonly string[]): readonly string[] {
  const values = columns.flatMap(({ name, from }, index) => [`${index} ${name}`, ...from.map((ref) => `${index} ${name} <- ${ref}`)]);
  return [...values, ...influences.map((ref) => `rows <- ${ref}`)];
}

function textOf({ relation, column }: ColumnRef): string {
  return `${relation.replace(/^source\./, '')}.${column}`;
}
