import { formatAge } from '../foundation/duration.ts';
import type { Manifest, SourceNode } from '../manifest/manifest.ts';
import { formatCriteria } from '../run/format-sources.ts';
import { ageMs, type FreshnessResult, type FreshnessStatus, type SourceFreshness } from '../run/freshness.ts';
import { formatTable } from './format-table.ts';

const dash = '–';
const left = (title: string) => ({ title, align: 'left' }) as const;
const right = (title: string) => ({ title, align: 'right' }) as const;
const columns = [left('status'), left('source'), left('newest row (UTC)'), ...['age', 'warn after', 'error after'].map(right)];

/** A line a source, those that need a look last. */
export function formatFreshness({ sources }: FreshnessResult, manifest: Manifest): string {
  const sorted = sources.toSorted((a, b) => statuses.indexOf(a.status) - statuses.indexOf(b.status));
  return formatTable(
    columns,
    sorted.map((source) => cellsOf(source, manifest)),
  );
}

const statuses: readonly FreshnessStatus[] = ['pass', 'warn', 'error', 'runtime error'];

function cellsOf({ node, status, reading }: SourceFreshness, manifest: Manifest): string[] {
  const { warnAfterMs = null, errorAfterMs = null } = sourceOf(node, manifest)?.freshness ?? {};
  return [
    status,
    node.slice('source.'.length),
    reading === null ? dash : reading.maxLoadedAt.toISOString().slice(0, 19).replace('T', ' '),
    reading === null ? dash : formatAge(ageMs(reading)),
    ...[warnAfterMs, errorAfterMs].map((ms) => (ms === null ? dash : formatAge(ms))),
  ];
}

/** `16 fresh, 1 old, 1 too old`. */
export function formatFreshnessTotals({ sources }: FreshnessResult): string {
  const words = [
    ['pass', 'fresh'],
    ['warn', 'old'],
    ['error', 'too old'],
    ['runtime error', 'unknown'],
  ] as const;
  const counts = words.map(([status, word]) => [sources.filter((source) => source.status === status).length, word] as const);
  return counts.flatMap(([count, word]) => (count > 0 || word === 'fresh' ? [`${count} ${word}`] : [])).join(', ');
}

/** The whole of it as data, with dbt's names where dbt has them. */
export function summarizeFreshness({ sources }: FreshnessResult, manifest: Manifest): readonly Record<string, unknown>[] {
  return sources.map(({ node, status, reading, error }) => {
    const freshness = sourceOf(node, manifest)?.freshness;
    return {
      unique_id: node,
      status,
      max_loaded_at: reading?.maxLoadedAt ?? null,
      snapshotted_at: reading?.checkedAt ?? null,
      max_loaded_at_time_ago_in_s: reading && ageMs(reading) / 1000,
      criteria: freshness ? formatCriteria(freshness) : null,
      error: error && { code: error.code, message: error.message, hint: error.hint, at: error.at },
    };
  });
}

function sourceOf(id: SourceFreshness['node'], manifest: Manifest): SourceNode | null {
  const node = manifest.nodes.get(id);
  return node?.kind === 'source' ? node : null;
}
