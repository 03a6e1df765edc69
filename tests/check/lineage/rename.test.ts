import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CheckEngine, openCheckEngine } from '../../../framework/check/check-engine.ts';
import { lineagesOf, makeGoldenTables, readGoldenQueries } from './golden-queries.ts';

test('renaming a column changes or breaks exactly the queries whose lineage reads it', async (context) => {
  await using engine = await openCheckEngine();
  const { find, columns } = await makeGoldenTables(engine);
  const queries = readGoldenQueries();
  const reads = (await lineagesOf(queries, engine, find)).map(
    (lineage) => new Set(lineage.reads.map(({ relation, column }) => `${relation}.${column}`)),
  );
  const before = await describeAll(engine, queries);
  const all = queries.map((query, index) => ({ ...query, reads: reads[index] ?? new Set<string>(), before: before[index] ?? [] }));

  const wrong: string[] = [];
  let [renamed, asked] = [0, 0];
  for (const [table, names] of columns) {
    if (keptByName.has(table)) continue;
    const [created] = await engine.run([
      { sql: `select create_table_query from system.tables where database = 'g' and name = '${table}'` },
    ]);
    const [[statement = '']] = created?.kind === 'rows' ? (created.rows as [[string]]) : [['']];
    const near = all.filter(({ sql, reads }) => sql.includes(table) || names.some((name) => reads.has(`source.${table}.${name}`)));
    for (const name of names) {
      await rename(engine, table, statement, name);
      const after = await describeAll(engine, near);
      renamed++;
      asked += near.length;
      for (const [index, query] of near.entries()) {
        const isRead = query.reads.has(`source.${table}.${name}`);
        const kept = new Set(after[index]);
        const isChanged = query.before.some((column) => !kept.has(column));
        if (isRead !== isChanged)
          wrong.push(`${query.name}: ${table}.${name} is ${isRead ? 'read, and nothing' : 'not read, and something'} changed`);
      }
      await engine.run([{ sql: `drop table g.\`${table}\` sync` }, { sql: statement }]);
    }
  }

  context.diagnostic(`${renamed} columns renamed, ${queries.length} queries, ${asked} times asked again: others do not name the table`);
  for (const line of wrong) context.diagnostic(line);
  assert.ok(renamed > 20);
  assert.deepEqual(wrong, []);
});

/** Their columns are read by position, by a function's text, or of each other: another name breaks the table itself, or nothing. */
const keptByName = new Set(['geo', 'known', 'label', 'computed']);

/** The columns of each query, as name and type; none where it breaks. */
async function describeAll(engine: CheckEngine, queries: readonly { sql: string }[]): Promise<readonly (readonly string[])[]> {
  const answers = await engine.run(queries.map(({ sql }) => ({ sql: `describe (${sql})` })));
  return answers.map((answer) => (answer.kind === 'rows' ? answer.rows.map(([name, type]) => `${name} ${type}`) : []));
}

async function rename(engine: CheckEngine, table: string, statement: string, column: string): Promise<void> {
  const other = statement.replaceAll(new RegExp(`(?<![\\w.])\`?${column.replaceAll('.', '\\.')}\`?(?![\\w.])`, 'g'), '`renamed column`');
  const answers = await engine.run([{ sql: `drop table g.\`${table}\` sync` }, { sql: other }]);
  assert.ok(
    answers.every(({ kind }) => kind === 'rows'),
    JSON.stringify([other, answers]),
  );
}
