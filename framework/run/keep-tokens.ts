import { type Relation, relationSql } from '../manifest/relation.ts';
import type { WriteStep } from '../materializations/write-step.ts';
import type { NodeStatements } from './node-statements.ts';

type Step = Extract<WriteStep, { kind: 'keep_tokens_as' }>;

/**
 * Lets a table that a materialized view feeds remember as many inserts as the view's source does. An insert that the source knows for a
 * repeat is shown to the view all the same: with a shorter memory its table would count it twice, and with one that the source has not it
 * would drop what the source keeps.
 */
export async function keepTokensAs({ source, table }: Step, { statements }: { readonly statements: NodeStatements }): Promise<void> {
  const own = await readTable(table, statements);
  if (!own?.engine.endsWith('MergeTree')) return;
  const setting = windowSetting(own.engine);
  await statements.execute(`alter table ${relationSql(table)} modify setting ${setting} = ${await readWindow(source, statements)}`);
}

/** How many inserts a table remembers. */
async function readWindow(source: Relation, statements: NodeStatements): Promise<number> {
  const table = await readTable(source, statements);
  if (!table?.engine.endsWith('MergeTree')) return 0;
  const setting = windowSetting(table.engine);
  const [, own] = new RegExp(`\\b${setting} = (\\d+)`).exec(table.engine_full) ?? [];
  if (own !== undefined) return Number(own);
  const [row] = await statements.query<{ value: string }>(`select value from system.merge_tree_settings where name = '${setting}'`);
  return Number(row?.value ?? 0);
}

async function readTable({ database, name }: Relation, statements: NodeStatements) {
  const sql = 'select engine, engine_full from system.tables where database = {database:String} and name = {name:String}';
  const [table] = await statements.query<{ engine: string; engine_full: string }>(sql, {}, { database, name });
  return table;
}

function windowSetting(engine: string): string {
  return /^(Replicated|Shared)/.test(engine) ? 'replicated_deduplication_window' : 'non_replicated_deduplication_window';
}
