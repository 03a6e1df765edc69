import type { ModelNode } from '../manifest/manifest.ts';
import { type Relation, relationSql } from '../manifest/relation.ts';
import type { CheckEngine, EngineAnswer, EngineStatement } from './check-engine.ts';
import type { TypedColumn } from './checked-graph.ts';
import { tableKey } from './column-query.ts';
import { layoutDatabase } from './layout-probes.ts';
import type { RenderedModel } from './render-model.ts';

/**
 * The statements of a model as they are sent with those of others: what its incremental run returns becomes an empty table, whose columns are
 * asked for with all. A DESCRIBE takes half as long again.
 */
export function sentStatements({ node, incrementalSql, steps, statements }: RenderedModel): readonly EngineStatement[] {
  const create = `create table ${relationSql(incrementalTable(node))}\nengine = Null\nempty as\n${incrementalSql}`;
  return statements.map((statement, index) => (isIncremental(steps[index]) ? { ...statement, sql: create, keep: create } : statement));
}

/** The tables that these make, whose columns are to be asked for. */
export function sentTables({ node, isDescribed, steps }: RenderedModel): readonly { readonly relation: Relation }[] {
  return [...(isDescribed ? [] : [node]), ...(steps.some(isIncremental) ? [{ relation: incrementalTable(node) }] : [])];
}

/** The answers to them as if the statements of the model had been run. What can be described and not be a table, or has one of before, is described. */
export async function ownAnswers(
  { node, steps, statements }: RenderedModel,
  answers: readonly EngineAnswer[],
  columns: ReadonlyMap<string, readonly TypedColumn[]>,
  engine: CheckEngine,
): Promise<readonly EngineAnswer[]> {
  const index = steps.findIndex(isIncremental);
  const [made, statement] = [answers[index], statements[index]];
  if (!made || !statement || made.kind === 'lost') return answers;
  const found = made.kind === 'rows' ? columns.get(tableKey({ relation: incrementalTable(node) })) : undefined;
  const [described = made] = found
    ? [{ kind: 'rows', rows: found.map(({ name, type }) => [name, type]), names: [] } as const]
    : await engine.run([statement]);
  return answers.with(index, described);
}

function isIncremental(step: RenderedModel['steps'][number] | undefined): boolean {
  return step === 'describe incremental';
}

/** Where the columns of a model's incremental run are kept. An engine may check graphs of several databases, one after another. */
function incrementalTable({ relation }: ModelNode): Relation {
  return { database: layoutDatabase, name: `${relation.database}.${relation.name}` };
}
