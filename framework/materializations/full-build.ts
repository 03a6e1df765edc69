import { relationSql } from '../manifest/relation.ts';
import type { BuildInput, BuildPlan } from './materialization.ts';
import { alterEmptyTable, fillSettings, tableClauses } from './table-clauses.ts';
import type { WriteStep } from './write-step.ts';

/** Builds the whole table beside the live one: made empty from the SELECT's own columns, laid out, then filled. */
export function planFullBuild(input: BuildInput): BuildPlan {
  const select = input.sql(false);
  const fill = {
    kind: 'insert',
    purpose: 'fill the new table',
    into: input.stage,
    sql: select,
    columnsBy: 'position',
    settings: fillSettings(input.config),
  } as const;
  return { mode: 'full', reason: input.reason, steps: [...startEmpty(input, select), fill], scratch: [] };
}

/** Makes the stage empty, with the SELECT's columns, and lays it out. */
export function startEmpty({ config, stage, comment }: BuildInput, select: string): WriteStep[] {
  const create = `create table ${relationSql(stage)}\n${tableClauses(config, comment)}\nempty as\n${select}`;
  return [
    { kind: 'statement', purpose: 'create the new table', sql: create, settings: config.query_settings },
    ...alterEmptyTable(stage, config).map((statement) => ({ kind: 'statement' as const, ...statement })),
  ];
}
