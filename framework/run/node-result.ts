import type { NodeId } from '../manifest/manifest.ts';
import type { PlannedNode } from '../plan/plan.ts';
import type { NodeResult } from './run-result.ts';

/** Whether a node ended well, so that those below it may go on. */
export function isGood({ status }: NodeResult): boolean {
  return status === 'success' || status === 'unchanged' || status === 'pass' || status === 'warn';
}

/** The result of a node that did not run on account of a failed one. */
export function skippedResult(planned: PlannedNode | { readonly node: NodeId }, skippedBy: NodeId): NodeResult {
  return { ...notRun(planned), status: 'skipped', skippedBy, message: `skipped because '${skippedBy}' failed` };
}

/** The result of a node that did not run because it is made of a source that may not be built on. */
export function staleResult(planned: PlannedNode | { readonly node: NodeId }, source: NodeId, reason: string): NodeResult {
  return { ...notRun(planned), status: 'skipped', skippedBy: source, message: `skipped because '${source}' is ${reason}` };
}

/** The result of a node that had not begun when the run was stopped. */
export function cancelledResult(planned: PlannedNode | { readonly node: NodeId }): NodeResult {
  return { ...notRun(planned), status: 'cancelled', message: 'the run was stopped before it began' };
}

function notRun(planned: PlannedNode | { readonly node: NodeId }) {
  return {
    node: planned.node,
    startedAt: null,
    durationMs: 0,
    rowsWritten: null,
    failures: null,
    error: null,
    skippedBy: null,
    statements: [],
    compiledSql: 'compiledSql' in planned ? planned.compiledSql : null,
    publicationId: null,
    showSql: null,
  };
}
