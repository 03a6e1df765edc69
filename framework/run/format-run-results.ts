import type { Interval } from '../manifest/interval.ts';
import type { Manifest, Node } from '../manifest/manifest.ts';
import { maskNamedSecrets } from '../manifest/mask-secrets.ts';
import { relationSql } from '../manifest/relation.ts';
import { formatCosts, formatTiming } from './format-costs.ts';
import { artifactMetadata, type Invocation } from './invocation.ts';
import type { NodeResult, NodeStatus, RunResult } from './run-result.ts';
import { uniqueId } from './unique-id.ts';

/** dbt's statuses: what was left as it was is a `no-op`, what the stop of a run reached is skipped. */
const dbtStatus: Readonly<Record<NodeStatus, string>> = {
  success: 'success',
  error: 'error',
  skipped: 'skipped',
  cancelled: 'skipped',
  unchanged: 'no-op',
  pass: 'pass',
  warn: 'warn',
  fail: 'fail',
};

/** run_results.json in dbt's schema, version 6. What dbt has no field for stands in `adapter_response`. */
export function formatRunResults(result: RunResult, manifest: Manifest, invocation: Invocation) {
  return {
    metadata: artifactMetadata('run-results/v6', invocation),
    results: result.nodes.flatMap((entry) => {
      const node = manifest.nodes.get(entry.node);
      return node ? [formatResult(entry, node, manifest)] : [];
    }),
    elapsed_time: result.durationMs / 1000,
    args: maskNamedSecrets({ ...invocation.args, which: invocation.command }),
  };
}

function formatResult(result: NodeResult, node: Node, manifest: Manifest) {
  return {
    unique_id: uniqueId(node, manifest),
    status: isPartial(result) ? 'partial success' : dbtStatus[result.status],
    timing: formatTiming(result),
    thread_id: 'main',
    execution_time: result.durationMs / 1000,
    adapter_response: formatResponse(result),
    message: result.error ? result.error.message : result.message,
    failures: result.failures,
    compiled: result.compiledSql !== null,
    compiled_code: result.compiledSql,
    relation_name: 'relation' in node && !isEphemeral(node) ? relationSql(node.relation) : null,
    batch_results: result.intervals ? { successful: pairs(result.intervals.published), failed: pairs(result.intervals.failed) } : null,
  };
}

/** A failed node of which some intervals are published. */
function isPartial({ status, intervals }: NodeResult): boolean {
  return status === 'error' && intervals !== undefined && intervals.published.length > 0;
}

function pairs(intervals: readonly Interval[]): string[][] {
  return intervals.map(({ start, end }) => [start, end]);
}

function isEphemeral(node: Node): boolean {
  return node.kind === 'model' && node.config.materialized === 'ephemeral';
}

/** What all statements of the node cost together; memory is that of the largest. */
function formatResponse({ status, statements, rowsWritten, publicationId, skippedBy, error }: NodeResult) {
  return {
    _message: status,
    ...(error && { code: error.code }),
    ...(rowsWritten !== null && { rows_affected: rowsWritten }),
    ...formatCosts(statements),
    publication_id: publicationId,
    skipped_by: skippedBy,
  };
}
