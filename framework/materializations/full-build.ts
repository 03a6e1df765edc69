import { relationSql } from '../manifest/relation.ts';
import type { BuildInput, BuildPlan } from './materialization.ts';
import { alterEmptyTable, fillSettings, tableClauses } from './table-clauses.ts';

/** Builds the whole table beside the live one: made empty from the SELECT's own columns, laid out, then filled. */
export function planFullBuild({ config, stage, sql, comment, reason }: BuildInput): BuildPlan {
  const select = sql(false);
  const create = `create table ${relationSql(stage)}\n${tableClauses(config, comment)}\nempty as\n${select}`;
  return {
    mode: 'full',
    reason,
    steps: [
      { kind: 'statement', purpose: 'create the new table', sql: create, settings: config.query_settings },
      ...alterEmptyTable(stage, config).map((statement) => ({ kind: 'statement' as const, ...statement })),
      {
        kind: 'insert',
        purpose: 'fill the new table',
        into: stage,
        sql: select,
        columnsBy: 'position',
        settings: fillSettings(config),
      },
    ],
    scratch: [],
  };
}
