import type { FlowNode } from '../../manifest/manifest.ts';
import type { FlowDeps, RunFlow } from './flow-deps.ts';
import { openFlow } from './open-flow.ts';

/**
 * Makes flows ready to run: their modules are loaded and their expressions read, so that nothing fails at a task that could have failed
 * before. By the flow's name. Throws FILE_UNREADABLE for a module that does not load.
 */
export async function openFlows(flows: readonly FlowNode[], deps: FlowDeps): Promise<ReadonlyMap<string, RunFlow>> {
  const open = new Map<string, RunFlow>();
  for (const node of flows) open.set(node.name, await openFlow(node, deps));
  return open;
}
