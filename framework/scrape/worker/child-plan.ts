import type { FlowNode } from '../../manifest/manifest.ts';
import type { TargetConfig } from '../../project/target-config.ts';

/** One child process of a worker, and what it runs at once. */
export interface ChildPlan {
  /** e.g. `refresh_profile_by_handle/3`, or `shared`. */
  readonly name: string;
  /** Children of one group run the same flows; what keeps crashing one of them is a matter of all. */
  readonly group: string;
  /** Tasks at once, by flow. */
  readonly slots: ReadonlyMap<string, number>;
}

/** The child processes that run these flows: as many as each declares, or one for all, in which each flow has the slots of one process. */
export function planChildren(flows: readonly FlowNode[], workers: TargetConfig['workers']): readonly ChildPlan[] {
  if (workers === 'shared') {
    return [{ name: 'shared', group: 'shared', slots: new Map(flows.map(({ name, flow }) => [name, flow.concurrency])) }];
  }
  return flows.flatMap(({ name, flow }) =>
    Array.from({ length: flow.workers }, (_, index) => ({
      name: `${name}/${index + 1}`,
      group: name,
      slots: new Map([[name, flow.concurrency]]),
    })),
  );
}
