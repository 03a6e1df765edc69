import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openCheckEngine } from '../../../framework/check/check-engine.ts';
import type { ColumnRef } from '../../../framework/check/lineage/column-ref.ts';
import { explainQueryTree, parseQueryTree } from '../../../framework/check/lineage/parse-query-tree.ts';
import { lineageOf, type QueryLineage } from '../../../framework/check/lineage/query-lineage.ts';
import { makeGoldenTables, readGoldenQueries } from './golden-queries.ts';

test('the lineage of queries is what reading them says', async (context) => {
  await using engine = await openCheckEngine();
  const { find } = await makeGoldenTables(engine);
  const queries = readGoldenQueries();

  const answers = await engine.run(queries.map(({ sql }) => ({ sql: explainQueryTree(sql) })));

  const edges = { expected: 0, exact: 0, wrong: 0 };
  for (const [index, query] of queries.entries()) {
    const answer = answers[index];
    assert.ok(answer?.kind === 'rows', `${query.name}: ${JSON.stringify(answer)}`);
    const expected = edgesOf(query.columns, query.influences);
    const found = new Set(describe(lineageOf(parseQueryTree(answer.rows), find)));
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
