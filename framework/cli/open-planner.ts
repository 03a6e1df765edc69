import { join } from 'node:path';
import type { Warehouse } from '../connections/warehouse.ts';
import type { Clock } from '../foundation/clock.ts';
import { type Instant, type Interval, instantOf } from '../manifest/interval.ts';
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
  /** `--start` and `--end`. */
  readonly asked?: Interval;
  /** What `now` is to the run; the present where nothing is said. */
  readonly executionTime?: Instant;
  /** The intervals to write of each node, in place of those that are due. */
  readonly repair?: ReadonlyMap<NodeId, readonly Interval[]>;
}

/** Gives a function that plans, and plans again where others published in the meantime, always under the same run id and of the same time. */
export async function openPlanner(
  { project, manifest }: OpenProject,
  request: NodesRequest,
  warehouse: Warehouse,
  clock: Clock,
): Promise<() => Promise<Plan>> {
  const lastRun = await findRunResults(join(project.dir, 'target')).catch(() => null); // only the order of nodes depends on it
  const durationsMs = lastRun?.durationsMs ?? new Map();
  const frozen = { executionTime: instantOf(clock.now()), ...request, durationsMs, runId: newId(clock), newId: () => newId(clock) };
  return async () => {
    const state = await readWarehouseState(manifest, request.nodes, warehouse);
    return buildPlan(manifest, frozen, state);
  };
}
