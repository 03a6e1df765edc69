import { didYouMean } from '../foundation/closest.ts';
import { GccflowError } from '../foundation/error.ts';
import type { ModelNode } from '../manifest/manifest.ts';
import { subjectOf } from '../manifest/resolve-refs.ts';
import { addedColumns } from '../materializations/added-columns.ts';
import { findColumnFaults, findWatermarkFault } from '../materializations/required-columns.ts';
import { boundsFault, eventTimeFault } from '../plan/interval-faults.ts';
import type { TypedColumn } from './checked-graph.ts';
import { placeOfConfig } from './config-place.ts';
import { declaredColumns } from './declared-columns.ts';
import type { FaultContext } from './explain-model.ts';
import { errorFinding } from './fault-finding.ts';
import type { Finding } from './finding.ts';
import { placeOfOutput } from './output-place.ts';
import type { RenderedModel } from './render-model.ts';
import { silentVariants } from './silent-variants.ts';

/** What is wrong with a model that ClickHouse takes all the same. `readsVariant`: whether one of its parents has a column of the type Variant. */
export async function examineModel(
  model: RenderedModel,
  columns: readonly TypedColumn[],
  readsVariant: boolean,
  context: FaultContext,
): Promise<readonly Finding[]> {
  const own = [
    ...absentKeys(model.node, columns, context),
    ...intervalFaults(model.node, columns, context),
    ...columnFaults(model, columns, context),
    ...watermarkFaults(model.node, context),
  ];
  return [...own, ...(readsVariant ? [] : await silentVariants(model, columns, context))];
}

function absentKeys(node: ModelNode, columns: readonly TypedColumn[], { project }: FaultContext): readonly Finding[] {
  const names = columns.map(({ name }) => name);
  const { unique_key, overwrite_range } = node.config;
  const named = [
    ...unique_key.map((name) => ({ key: 'unique_key' as const, name })),
    ...(overwrite_range === null ? [] : [{ key: 'overwrite_range' as const, name: overwrite_range.column }]),
  ];
  return named
    .filter(({ name }) => !names.includes(name))
    .map(({ key, name }) => {
      const message = `${subjectOf(node)} has the column '${name}' in its '${key}', and its SELECT does not return it.`;
      const hint = didYouMean(name, names) ?? `It returns ${names.join(', ')}.`;
      return errorFinding(node, new GccflowError('CHECK_LAYOUT', message, { at: placeOfConfig(project, node, key), hint }));
    });
}

/** What a model by intervals would be refused for when it is built. */
function intervalFaults(node: ModelNode, columns: readonly TypedColumn[], { manifest, project }: FaultContext): readonly Finding[] {
  if (node.config.materialized !== 'incremental' || node.config.incremental_strategy !== 'interval') return [];
  const eventTime = eventTimeFault(node, columns, placeOfConfig(project, node, 'event_time'));
  return [eventTime, boundsFault(node, manifest)].filter((fault) => fault !== null).map((fault) => errorFinding(node, fault));
}

/** What a snapshot or dictionary would be refused for when it is built; a missing `unique_key` is told with those of other models. */
function columnFaults({ node }: RenderedModel, columns: readonly TypedColumn[], { manifest, project }: FaultContext): readonly Finding[] {
  const returned = columns.slice(0, columns.length - addedColumns(node.config).length);
  const names = returned.map(({ name }) => name);
  return findColumnFaults(node.config, returned)
    .filter(({ key }) => key !== 'unique_key')
    .map(({ key, missing, says }) => {
      const hint = missing === null ? undefined : didYouMean(missing, names);
      const message = `The config of ${subjectOf(node)} does not fit its SELECT: ${says}.`;
      const own = key === 'materialized' ? addedColumns(node.config).find(({ name }) => names.includes(name)) : undefined;
      const output = own && placeOfOutput(node, manifest, returned, own.name);
      return errorFinding(node, new GccflowError('CHECK_LAYOUT', message, { at: output ?? placeOfConfig(project, node, key), hint }));
    });
}

/** What a materialized view would be refused for, as far as its source says which columns it has. */
function watermarkFaults(node: ModelNode, { manifest, project }: FaultContext): readonly Finding[] {
  const { materialized, watermark } = node.config;
  const [first] = manifest.parents.get(node.id) ?? [];
  const source = first === undefined ? undefined : manifest.nodes.get(first);
  if (materialized !== 'materialized_view' || watermark === null || source?.kind !== 'source') return [];
  const columns = declaredColumns(source, manifest) ?? [];
  const fault = columns.length > 0 ? findWatermarkFault(watermark, columns) : null;
  if (fault === null) return [];
  const names = columns.map(({ name }) => name);
  const message = `The 'watermark' of ${subjectOf(node)} is a column of the source '${source.sourceName}.${source.name}', and '${watermark}' ${fault}.`;
  const details = { at: placeOfConfig(project, node, 'watermark'), hint: didYouMean(watermark, names) };
  return [errorFinding(node, new GccflowError('CHECK_LAYOUT', message, details))];
}
