import type { FlowNode, Node } from '../manifest/manifest.ts';

export function isFlow(node: Node): node is FlowNode {
  return node.kind === 'flow';
}

/** The flow that a command is about. */
export const flowPositional = { name: 'flow', description: 'Name of a flow.', required: true, completes: 'flow' } as const;
