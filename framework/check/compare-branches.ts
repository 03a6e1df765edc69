import { GccflowError } from '../foundation/error.ts';
import { compareColumns } from '../run/match-columns.ts';
import type { EngineAnswer } from './check-engine.ts';
import type { TypedColumn } from './checked-graph.ts';
import type { Finding } from './finding.ts';
import { describedColumns } from './relation-statements.ts';
import type { RenderedModel } from './render-model.ts';

/** What an incremental run would return other than the first build: it would be refused, or change the table each time. */
export function compareBranches(
  { node, incrementalSql }: RenderedModel,
  full: readonly TypedColumn[],
  answers: readonly EngineAnswer[],
): readonly Finding[] {
  const described = incrementalSql === null ? undefined : answers.at(-1);
  if (described?.kind !== 'rows') return [];
  const { added, removed, retyped } = compareColumns(full, describedColumns(described));
  const differences = [
    ...added.map(({ name, type }) => `'${name}' (${type}) is in the incremental run alone`),
    ...removed.map(({ name, type }) => `'${name}' (${type}) is in the full build alone`),
    ...retyped.map(({ name, type, from }) => `'${name}' is ${from} in the full build and ${type} in the incremental run`),
  ];
  if (differences.length === 0) return [];
  const message = `Model '${node.name}' returns other columns in an incremental run than in a full build: ${differences.join('; ')}.`;
  const hint = 'Return the same columns and types in both branches of is_incremental.';
  return [{ severity: 'error', node: node.id, error: new GccflowError('CHECK_DRIFT', message, { at: node.at, hint }) }];
}
