import type { Freshness, Manifest } from '../manifest/manifest.ts';
import { formatCosts, formatTiming } from './format-costs.ts';
import { ageMs, type FreshnessResult, type SourceFreshness } from './freshness.ts';
import { artifactMetadata, type Invocation } from './invocation.ts';
import { uniqueId } from './unique-id.ts';

/** sources.json in dbt's schema, version 3. */
export function formatSources(result: FreshnessResult, manifest: Manifest, invocation: Invocation) {
  return {
    metadata: artifactMetadata('sources/v3', invocation),
    results: result.sources.flatMap((freshness) => {
      const node = manifest.nodes.get(freshness.node);
      return node?.kind === 'source' && node.freshness ? [formatSource(freshness, uniqueId(node, manifest), node.freshness)] : [];
    }),
    elapsed_time: result.durationMs / 1000,
  };
}

function formatSource(source: SourceFreshness, id: string, freshness: Freshness) {
  const { reading, status, error, statements, durationMs } = source;
  if (reading === null) return { unique_id: id, error: error?.message ?? null, status };
  return {
    unique_id: id,
    max_loaded_at: reading.maxLoadedAt.toISOString(),
    snapshotted_at: reading.checkedAt.toISOString(),
    max_loaded_at_time_ago_in_s: ageMs(reading) / 1000,
    status,
    criteria: formatCriteria(freshness),
    adapter_response: formatCosts(statements),
    timing: formatTiming(source),
    thread_id: 'main',
    execution_time: durationMs / 1000,
  };
}

/** How old rows may be, in dbt's words. */
export function formatCriteria({ warnAfterMs, errorAfterMs, filter }: Freshness) {
  return { warn_after: formatPeriod(warnAfterMs), error_after: formatPeriod(errorAfterMs), filter };
}

/** Milliseconds in the largest of dbt's units that holds them whole, minutes at least. */
function formatPeriod(ms: number | null) {
  if (ms === null) return null;
  const minutes = Math.ceil(ms / 60_000);
  if (minutes % 1440 === 0) return { count: minutes / 1440, period: 'day' };
  return minutes % 60 === 0 ? { count: minutes / 60, period: 'hour' } : { count: minutes, period: 'minute' };
}
