import { GccflowError } from '../foundation/error.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { compareColumns } from '../run/match-columns.ts';
import type { EngineAnswer } from './check-engine.ts';
import type { TypedColumn } from './checked-graph.ts';
import type { Finding } from './finding.ts';
import { placeOfOutput } from './output-place.ts';
import { describedColumns } from './relation-statements.ts';
import type { RenderedModel } from './render-model.ts';

/** What an incremental run would return other than the first build: it would be refused, or change the table each time. */
export function compareBranches(
  model: RenderedModel,
  full: readonly TypedColumn[],
  answers: readonly EngineAnswer[],
  manifest: Manifest,
): readonly Finding[] {
  const { node } = model;
  const described = answers[model.steps.indexOf('describe incremental')];
  if (described?.kind !== 'rows') return [];
  const incremental = describedColumns(described);
  const { added, removed, retyped } = compareColumns(full, incremental);
  const differences = [
    ...added.map(({ name, type }) => `'${name}' (${type}) is in the incremental run alone`),
    ...removed.map(({ name, type }) => `'${name}' (${type}) is in the full build alone`),
    ...retyped.map(({ name, type, from }) => `'${name}' is ${from} in the full build and ${type} in the incremental run`),
  ];
  if (differences.length === 0) return [];
  const [first = ''] = [...retyped, ...added, ...removed].map(({ name }) => name);
  const at =
    placeOfOutput(model.node, manifest, incremental, first, true) ?? placeOfOutput(model.node, manifest, full, first, false) ?? node.at;
  const message = `Model '${node.name}' returns other columns in an incremental run than in a full build: ${differences.join('; ')}.`;
  const hint = 'Return the same columns and types in both branches of is_incremental.';
  return [{ severity: 'error', node: node.id, error: new GccflowError('CHECK_DRIFT', message, { at, hint }) }];
}
