import { join } from 'node:path';
import type { Warehouse } from '../connections/warehouse.ts';
import type { Clock } from '../foundation/clock.ts';
import type { NodeId } from '../manifest/manifest.ts';
import { buildPlan } from '../plan/build-plan.ts';
import type { Plan, PlanCommand } from '../plan/plan.ts';
import { newId } from '../run/new-id.ts';
import { findRunResults } from '../run/read-run-results.ts';
import { readWarehouseState } from '../run/read-warehouse-state.ts';
import type { OpenProject } from './open-project.ts';

export interface NodesRequest {
  readonly command: PlanCommand;
  /** What was selected; the command takes from it what it runs. */
  readonly nodes: readonly NodeId[];
  readonly fullRefresh: boolean;
  /** Skip what is made of a source that is too old. */
  readonly requireFresh?: boolean;
}

/** Gives a function that plans, and plans again where others published in the meantime, always under the same run id. */
export async function openPlanner(
  { project, manifest }: OpenProject,
  { command, nodes, fullRefresh }: NodesRequest,
  warehouse: Warehouse,
  clock: Clock,
): Promise<() => Promise<Plan>> {
  const lastRun = await findRunResults(join(project.dir, 'target')).catch(() => null); // only the order of nodes depends on it
  const durationsMs = lastRun?.durationsMs ?? new Map();
  const runId = newId(clock);
  return async () => {
    const state = await readWarehouseState(manifest, nodes, warehouse);
    return buildPlan(manifest, { command, nodes, fullRefresh, durationsMs, runId, newId: () => newId(clock) }, state);
  };
}
