import type { Interval } from '../manifest/interval.ts';
import type { Manifest, ModelNode, SeedNode } from '../manifest/manifest.ts';
import { renderSql } from '../manifest/render-sql.ts';
import type { Materialization } from '../materializations/materialization.ts';
import type { SeedColumn } from '../materializations/seed-column.ts';
import type { Mode } from './decide-mode.ts';
import { layoutOf } from './fingerprint.ts';
import { boundsFault } from './interval-faults.ts';
import { noMemory } from './interval-memory.ts';
import { intervalsToWrite, publicationsOf } from './intervals.ts';
import type { PlannedPublication, PlanRequest } from './plan.ts';
import { formatComment, stagingRelation } from './publication.ts';
import { keepsHistory } from './refuse-full-refresh.ts';
import type { RelationState } from './warehouse-state.ts';

export interface PublicationContext {
  readonly materialization: Materialization;
  readonly manifest: Manifest;
  readonly request: PlanRequest;
  readonly live: RelationState | undefined;
  readonly mode: Mode;
  readonly seedColumns: readonly SeedColumn[];
  readonly fingerprint: string | null;
}

/** What is published of a node, one after another: once, or in pieces where many intervals are due. Throws CONFIG_CONFLICT. */
export function planPublications(node: ModelNode | SeedNode, context: PublicationContext): PlannedPublication[] {
  const intervals = node.kind === 'model' ? intervalsOf(node, context) : null;
  if (intervals === null) return [planPublication(node, null, context)];
  const { live, mode, manifest } = context;
  const fault = node.kind === 'model' ? boundsFault(node, manifest) : null;
  if (fault) throw fault;
  return publicationsOf(intervals, mode.incremental || !live).map((piece, index) =>
    planPublication(node, piece, index === 0 ? context : { ...context, mode: { ...mode, incremental: true } }),
  );
}

/** The SELECT of a planned publication; that of its first interval where it writes several. */
export function selectOf(manifest: Manifest, node: ModelNode, { build, intervals }: PlannedPublication): string {
  const [interval] = intervals ?? [];
  return renderSql(manifest, node, { incremental: intervals === null && build.mode === 'incremental', ...(interval && { interval }) });
}

function intervalsOf({ id, config }: ModelNode, { request, live, mode }: PublicationContext): readonly Interval[] | null {
  if (config.materialized !== 'incremental' || config.incremental_strategy !== 'interval') return null;
  const memory = (mode.incremental ? live?.publication?.intervals : null) ?? noMemory;
  return request.repair?.get(id) ?? intervalsToWrite(config, memory, request);
}

function planPublication(node: ModelNode | SeedNode, intervals: readonly Interval[] | null, context: PublicationContext) {
  const { materialization, manifest, request, mode, seedColumns, fingerprint } = context;
  const { config, relation } = node;
  const publicationId = request.newId();
  const stage = stagingRelation(relation, publicationId);
  const companions = (mode.incremental && context.live?.publication?.companions) || publicationId;
  const [first] = manifest.parents.get(node.id) ?? [];
  const source = first === undefined ? undefined : manifest.nodes.get(first);
  const layout = layoutOf(config);
  const comment = formatComment({
    publication: publicationId,
    node: node.id,
    run: request.runId,
    state: 'whole',
    layout,
    fingerprint,
    ...(keepsHistory(config) && { history: true }),
    ...(usesCompanions.has(config.materialized) && { companions }),
  });
  const build = materialization.plan({
    name: node.name,
    config,
    live: relation,
    stage,
    scratch: (purpose) => stagingRelation(relation, publicationId, purpose),
    companion: (purpose) => stagingRelation(relation, companions, purpose),
    sql: (incremental, interval) => (node.kind === 'seed' ? '' : renderSql(manifest, node, { incremental, ...(interval && { interval }) })),
    source: source?.kind === 'source' ? source.relation : null,
    sqlWhere: (condition) =>
      node.kind === 'seed'
        ? ''
        : renderSql(manifest, node, { incremental: false, whereOf: (id) => (id === source?.id ? condition : undefined) }),
    intervals: intervals ?? [],
    seedColumns,
    executionTime: request.executionTime,
    comment,
    ...mode,
  });
  return { publicationId, stage, build, comment, intervals };
}

/** Materializations whose published relation goes on using tables of ours. */
const usesCompanions: ReadonlySet<string> = new Set(['dictionary', 'materialized_view']);
