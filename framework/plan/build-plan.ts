import { GccflowError } from '../foundation/error.ts';
import type { Manifest, ModelNode, NodeId, SeedNode } from '../manifest/manifest.ts';
import { renderSql } from '../manifest/render-sql.ts';
import { materializations } from '../materializations/index.ts';
import type { SeedColumn } from '../materializations/seed-column.ts';
import { decideMode, isFed } from './decide-mode.ts';
import { seedFingerprint, viewFingerprint } from './fingerprint.ts';
import { type OrderedNode, orderNodes } from './order-nodes.ts';
import type { Plan, PlannedBuild, PlannedNode, PlanRequest } from './plan.ts';
import { planPublications, selectOf } from './plan-publications.ts';
import { stagingDatabase } from './publication.ts';
import { refuseToLoseHistory } from './refuse-full-refresh.ts';
import { type RelationState, relationKey, type WarehouseState } from './warehouse-state.ts';

/**
 * What a command will do to the selected nodes, parents first. Pure.
 * Throws FULL_REFRESH_REFUSED, WAREHOUSE_UNSUPPORTED and CONFIG_CONFLICT, so that nothing has run when a model turns out to be impossible.
 */
export function buildPlan(manifest: Manifest, request: PlanRequest, state: WarehouseState): Plan {
  const nodes = orderNodes(manifest, request).map((ordered): PlannedNode => {
    const { kind, node, waitsFor, pathMs } = ordered;
    return kind === 'build' ? planBuild(ordered, { manifest, request, state }) : { kind, node: node.id, waitsFor, pathMs };
  });
  return { runId: request.runId, command: request.command, executionTime: request.executionTime, nodes };
}

interface Planning {
  readonly manifest: Manifest;
  readonly request: PlanRequest;
  readonly state: WarehouseState;
}

function planBuild(ordered: OrderedNode & { kind: 'build' }, { manifest, request, state }: Planning): PlannedBuild {
  const { node, waitsFor, pathMs, audits } = ordered;
  const { config, relation } = node;
  const live = state.relations.get(relationKey(relation));
  const mode = decideMode(node, state, request.fullRefresh);
  requireCapabilities(node, { manifest, request, state });
  if (live) requireReplaceable(node, live);
  if (live && !request.fullRefresh) refuseToLoseHistory(node, live, mode);

  const seedColumns = state.seedColumns.get(node.id) ?? [];
  const fingerprint = fingerprintOf(node, manifest, seedColumns);
  const materialization = materializationOf(node);
  const [first, ...later] = planPublications(node, { materialization, manifest, request, live, mode, seedColumns, fingerprint });
  if (!first) throw new Error(`no publication was planned for '${node.id}'`);
  const published = live?.publication;
  const unchanged =
    !request.fullRefresh &&
    published?.node === node.id &&
    fingerprint !== null &&
    published.fingerprint === fingerprint &&
    (node.kind === 'seed' || isFed(node, state));
  const nothingDue = first.build.mode === 'incremental' && first.intervals?.length === 0;

  return {
    kind: 'build',
    node: node.id,
    waitsFor,
    pathMs,
    ...first,
    later,
    relation,
    publishes: materialization.publishes ?? 'table',
    replaces: live ?? null,
    fingerprint,
    unchangedSince: published && (unchanged || nothingDue) ? published.publication : null,
    compiledSql: node.kind === 'seed' ? null : selectOf(manifest, node, first),
    audits,
    retain: live?.kind === 'view' && published?.companions !== undefined ? 0 : config.retain, // a kept one would be fed with every insert
    timeoutMs: config.timeout,
  };
}

/** null where nothing is compared: the node is built whenever it is run. */
function fingerprintOf(node: ModelNode | SeedNode, manifest: Manifest, seedColumns: readonly SeedColumn[]): string | null {
  if (node.kind === 'seed') return seedFingerprint(node, seedColumns);
  return node.config.materialized === 'materialized_view' ? viewFingerprint(node, renderSql(manifest, node, { incremental: false })) : null;
}

function materializationOf(node: ModelNode | SeedNode) {
  const name = node.kind === 'seed' ? 'seed' : node.config.materialized;
  const materialization = materializations.get(name);
  if (!materialization) throw new Error(`materialization '${name}' of '${node.id}' passed the manifest and does not exist`);
  return materialization;
}

/** An incremental model is refused from its first build on where no second one could follow, unless it says how to do without. */
function requireCapabilities(node: ModelNode | SeedNode, { request, state }: Planning): void {
  const { capabilities } = state;
  for (const database of [node.relation.database, stagingDatabase]) {
    if (!capabilities.databasesWithoutExchange.has(database)) continue;
    throw new GccflowError(
      'WAREHOUSE_UNSUPPORTED',
      `'${node.name}' is published by EXCHANGE TABLES between databases, which the engine of the database '${database}' cannot do.`,
      {
        hint:
          database === stagingDatabase
            ? `Drop '${stagingDatabase}' where nothing is kept in it; gccflow makes it anew with the engine Atomic.`
            : `Give the model another 'database', or recreate '${database}' with the engine Atomic.`,
      },
    );
  }
  const needsClone =
    node.kind === 'model' &&
    (node.config.materialized === 'snapshot' || (node.config.materialized === 'incremental' && node.config.full_refresh !== true));
  if (needsClone && !request.fullRefresh && !capabilities.cloneAs) {
    throw new GccflowError(
      'WAREHOUSE_UNSUPPORTED',
      `'${node.name}' is ${node.config.materialized === 'snapshot' ? 'a snapshot' : 'incremental'}, so written into a clone of its table, and ClickHouse ${capabilities.version} has no CREATE TABLE … CLONE AS.`,
      {
        hint:
          node.config.materialized === 'snapshot'
            ? 'ClickHouse has it since 24.10.'
            : `Materialize the model as a table, or set 'full_refresh: true' to rebuild it on every run.`,
      },
    );
  }
}

/**
 * A materialized view is somebody's: it fills a table whenever another one is written to. ClickHouse moves none that holds its rows itself,
 * and any other would go on filling its table from a place where nobody looks for it.
 */
function requireReplaceable({ name, relation }: ModelNode | SeedNode, live: RelationState): void {
  if (!unmovable.has(live.engine)) return;
  const what = `${relation.database}.${relation.name}`;
  throw new GccflowError(
    'WAREHOUSE_UNSUPPORTED',
    `'${name}' cannot take the place of '${what}', which is a ${live.engine} that gccflow did not make.`,
    {
      hint: `Rename or drop it, with the table it fills in mind, or give the model another 'alias' or 'database'.`,
    },
  );
}

const unmovable: ReadonlySet<string> = new Set(['MaterializedView', 'WindowView', 'LiveView']);

/** The nodes of a plan that are published, by id. */
export function buildsOf(plan: Plan): ReadonlyMap<NodeId, PlannedBuild> {
  return new Map(plan.nodes.filter((planned) => planned.kind === 'build').map((planned) => [planned.node, planned]));
}
