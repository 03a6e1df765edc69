import { didYouMean } from '../foundation/closest.ts';
import { GccflowError } from '../foundation/error.ts';
import type { Manifest, ModelNode } from '../manifest/manifest.ts';
import { renderMapped } from '../manifest/render-sql.ts';
import { subjectOf } from '../manifest/resolve-refs.ts';
import { boundsFault, eventTimeFault } from '../plan/interval-faults.ts';
import type { TypedColumn } from './checked-graph.ts';
import { placeOfConfig } from './config-place.ts';
import type { FaultContext } from './explain-model.ts';
import { expandedAt } from './explain-sql.ts';
import { errorFinding } from './fault-finding.ts';
import type { Finding } from './finding.ts';
import type { RenderedModel } from './render-model.ts';
import { placesOfColumn } from './select-items.ts';

/** What is wrong with a model that ClickHouse takes all the same. `readsVariant`: whether one of its parents has a column of the type Variant. */
export function examineModel(
  model: RenderedModel,
  columns: readonly TypedColumn[],
  readsVariant: boolean,
  context: FaultContext,
): readonly Finding[] {
  const own = [...absentKeys(model.node, columns, context), ...intervalFaults(model.node, columns, context)];
  return [...own, ...(readsVariant ? [] : silentVariants(model, columns, context.manifest))];
}

function absentKeys(node: ModelNode, columns: readonly TypedColumn[], { project }: FaultContext): readonly Finding[] {
  const names = columns.map(({ name }) => name);
  return node.config.unique_key
    .filter((key) => !names.includes(key))
    .map((key) => {
      const message = `${subjectOf(node)} has the column '${key}' in its 'unique_key', and its SELECT does not return it.`;
      const hint = didYouMean(key, names) ?? `It returns ${names.join(', ')}.`;
      return errorFinding(node, new GccflowError('CHECK_LAYOUT', message, { at: placeOfConfig(project, node, 'unique_key'), hint }));
    });
}

/** What a model by intervals would be refused for when it is built. */
function intervalFaults(node: ModelNode, columns: readonly TypedColumn[], { manifest, project }: FaultContext): readonly Finding[] {
  if (node.config.materialized !== 'incremental' || node.config.incremental_strategy !== 'interval') return [];
  const eventTime = eventTimeFault(node, columns, placeOfConfig(project, node, 'event_time'));
  return [eventTime, boundsFault(node, manifest)].filter((fault) => fault !== null).map((fault) => errorFinding(node, fault));
}

/** Values of types that do not go together become a Variant, where a union, an if or an array brings them into one column. */
function silentVariants({ node, sql }: RenderedModel, columns: readonly TypedColumn[], manifest: Manifest): readonly Finding[] {
  if (/variant|dynamic/i.test(sql)) return [];
  return columns.flatMap(({ name, type }, index) => {
    if (!type.includes('Variant(')) return [];
    const mapped = renderMapped(manifest, node, { incremental: false });
    const offset = placesOfColumn(mapped.text, name, index).at(-1) ?? 0;
    const message = `${subjectOf(node)} returns the column '${name}' as ${type}: values of types that do not go together meet in it.`;
    const hint = 'Cast them to one type; where a Variant is meant, name the type in the SQL.';
    const error = new GccflowError('CHECK_TYPE', message, { at: mapped.sourceOf(offset).at, hint });
    return [{ ...errorFinding(node, error), ...expandedAt(mapped, offset) }];
  });
}
