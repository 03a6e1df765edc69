import { quoteName } from '../foundation/quote.ts';
import type { ModelNode, SeedNode } from '../manifest/manifest.ts';
import { type Relation, relationSql } from '../manifest/relation.ts';
import { matchedColumns, type WriteStep } from '../materializations/write-step.ts';
import { catchUp } from './catch-up.ts';
import { createDictionary } from './dictionary-step.ts';
import { requireColumns, requireNone } from './guard-steps.ts';
import { insertRows } from './insert-rows.ts';
import { type IntervalDeps, type IntervalsDone, writeIntervals } from './interval-step.ts';
import { keepTokensAs } from './keep-tokens.ts';
import { fitSeed, loadSeed } from './load-seed.ts';
import { compareColumns, matchColumns, type TypedColumn, valuesLost } from './match-columns.ts';
import { faultOf, type NodeStatements } from './node-statements.ts';

export interface StepDeps extends IntervalDeps {
  readonly projectDir: string;
}

/** Runs the steps of a build, one after another; gives back what they wrote. Writes only to the stage and its scratch tables. */
export async function runSteps(steps: readonly WriteStep[], deps: StepDeps): Promise<IntervalsDone> {
  const parts: IntervalsDone[] = [];
  let rows = 0;
  let columns: readonly string[] | null = null;
  for (const step of steps) {
    switch (step.kind) {
      case 'statement':
        await deps.statements.execute(step.sql, step.settings);
        break;
      case 'insert':
        rows += (await insertRows(step, step.columnsBy === 'position' ? null : columns, deps.statements)).writtenRows;
        break;
      case 'load':
        await loadSeed(asSeed(deps.node), step, deps);
        break;
      case 'fit_types':
        rows += (await fitSeed(asSeed(deps.node), step, deps)).writtenRows;
        break;
      case 'match_columns':
        columns = await matchStage(step, deps);
        break;
      case 'intervals':
        parts.push(await writeIntervals(step, columns, deps));
        break;
      case 'require_columns':
        await requireColumns(step, deps);
        break;
      case 'require_none':
        await requireNone(step, deps);
        break;
      case 'keep_tokens_as':
        await keepTokensAs(step, deps);
        break;
      case 'catch_up':
        rows += await catchUp(step, deps);
        break;
      case 'create_dictionary':
        await createDictionary(step, deps);
        break;
      case 'on_matched_columns':
        await deps.statements.execute(onMatched(step, columns ?? []), step.settings);
        break;
      case 'drop_partitions':
        await dropPartitions(step, deps);
        break;
    }
  }
  return {
    rows: parts.reduce((sum, part) => sum + part.rows, rows),
    written: parts.flatMap(({ written }) => written),
    failed: parts.flatMap(({ failed }) => failed),
  };
}

type Step<Kind extends WriteStep['kind']> = Extract<WriteStep, { kind: Kind }>;

async function matchStage(step: Step<'match_columns'>, { node, statements }: StepDeps): Promise<readonly string[]> {
  const select = await statements.query<TypedColumn>(`describe table (\n${step.sql}\n)`, step.settings);
  const table = await describeTable(step.table, statements);
  const match = matchColumns(node, step.table, compareColumns(table, select), { policy: step.policy, select });
  for (const { column, sql } of match.losses) {
    const [row] = await statements.query<{ lost: string }>(sql).catch((thrown) => {
      throw faultOf(thrown)?.parse ? valuesLost(node, column, thrown) : thrown;
    });
    if (row?.lost !== '0') throw valuesLost(node, column);
  }
  for (const alter of match.alters) await statements.execute(alter);
  return match.columns;
}

function describeTable(table: Relation, statements: NodeStatements): Promise<TypedColumn[]> {
  return statements.query<TypedColumn>(`describe table ${relationSql(table)}`);
}

function onMatched({ sql, except }: Step<'on_matched_columns'>, columns: readonly string[]): string {
  const names = columns.filter((name) => !except.includes(name)).map((name) => quoteName(name, 'clickhouse'));
  return sql.replaceAll(matchedColumns, () => names.join(', '));
}

async function dropPartitions(step: Step<'drop_partitions'>, { statements }: StepDeps): Promise<void> {
  const partitions = await statements.query<{ partition_id: string }>(step.query, step.settings);
  if (partitions.length === 0) return;
  const actions = partitions.map(({ partition_id }) => `drop partition id '${partition_id}'`);
  await statements.execute(`alter table ${relationSql(step.table)} ${actions.join(', ')}`, { max_partition_size_to_drop: 0 });
}

function asSeed(node: ModelNode | SeedNode): SeedNode {
  if (node.kind !== 'seed') throw new Error(`'${node.id}' has no file to load`);
  return node;
}
