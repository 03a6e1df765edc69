import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CheckEngine } from '../../../framework/check/check-engine.ts';
import type { FindReadable } from '../../../framework/check/lineage/column-ref.ts';
import { explainQueryTree, explainRawTree, parseQueryTree } from '../../../framework/check/lineage/parse-query-tree.ts';
import { lineageOf, type QueryLineage } from '../../../framework/check/lineage/query-lineage.ts';

/** A query whose lineage was worked out by hand. Columns of relations are written `post.views`. */
export interface GoldenQuery {
  readonly name: string;
  readonly sql: string;
  readonly columns: readonly { readonly name: string; readonly from: readonly string[] }[];
  readonly influences: readonly string[];
}

/** The queries of golden.sql, in its order. */
export function readGoldenQueries(): readonly GoldenQuery[] {
  const text = readFileSync(join(import.meta.dirname, 'golden.sql'), 'utf8');
  const [, ...parts] = text.split(/^-- (?=\d+ )/m);
  return parts.map((part) => {
    const name = part.slice(0, part.indexOf('\n'));
    const sql = part.slice(part.indexOf('\n'), part.indexOf(';\n')).trim();
    const columns = [...part.matchAll(/^--> ("(?:[^"\\]|\\.)*"|.*?):(?: (.*))?$/gm)].map(([, column = '', from = '']) => ({
      name: column.startsWith('"') ? String(JSON.parse(column)) : column,
      from: listOf(from),
    }));
    return { name, sql, columns, influences: listOf(/^--~ (.*)$/m.exec(part)?.[1] ?? '') };
  });
}

/** Statements that make the tables of the queries, and the columns of each. */
export function readGoldenTables(): readonly string[] {
  const text = readFileSync(join(import.meta.dirname, 'golden-tables.sql'), 'utf8');
  return [...text.split(/;\n/).filter((statement) => statement.trim() !== ''), 'use g'];
}

/** Makes the tables; gives back how queries find them, and their columns by table. */
export async function makeGoldenTables(
  engine: CheckEngine,
): Promise<{ find: FindReadable; columns: ReadonlyMap<string, readonly string[]> }> {
  const failed = (await engine.run(readGoldenTables().map((sql) => ({ sql })))).find((answer) => answer.kind !== 'rows');
  if (failed) throw new Error(JSON.stringify(failed));
  const [answer] = await engine.run([{ sql: `select table, name from system.columns where database = 'g' order by table, position` }]);
  const columns = new Map<string, string[]>();
  for (const [table, name] of answer?.kind === 'rows' ? answer.rows : []) {
    columns.set(String(table), [...(columns.get(String(table)) ?? []), String(name)]);
  }
  return { columns, find: ({ name }) => (columns.has(name) ? { id: `source.${name}`, columns: columns.get(name) ?? [] } : null) };
}

/** The lineage of each query. */
export async function lineagesOf(
  queries: readonly GoldenQuery[],
  engine: CheckEngine,
  find: FindReadable,
): Promise<readonly QueryLineage[]> {
  const answers = await engine.run(queries.flatMap(({ sql }) => [explainQueryTree(sql), explainRawTree(sql)]));
  return queries.map(({ name }, index) => {
    const [tree, raw] = answers.slice(2 * index);
    if (tree?.kind !== 'rows' || raw?.kind !== 'rows') throw new Error(`${name}: ${JSON.stringify(tree)}`);
    return lineageOf(parseQueryTree(tree.rows), parseQueryTree(raw.rows), find);
  });
}

function listOf(text: string): readonly string[] {
  return text
    .split(', ')
    .filter((entry) => entry !== '')
    .sort();
}
