import type { StatementCost } from '../connections/warehouse.ts';

/** What statements cost together, in the words of artifacts; memory is that of the largest. */
export function formatCosts(statements: readonly StatementCost[]) {
  const sum = (of: (cost: StatementCost) => number): number => statements.reduce((total, cost) => total + of(cost), 0);
  return {
    query_id: statements.at(-1)?.queryId ?? null,
    query_ids: statements.map(({ queryId }) => queryId),
    read_rows: sum((cost) => cost.readRows),
    read_bytes: sum((cost) => cost.readBytes),
    written_rows: sum((cost) => cost.writtenRows),
    written_bytes: sum((cost) => cost.writtenBytes),
    elapsed_ms: sum((cost) => cost.elapsedMs),
    memory_peak: Math.max(0, ...statements.map(({ memoryBytes }) => memoryBytes)),
  };
}

/** When something ran, as dbt tells it; nothing where it never did. */
export function formatTiming({ startedAt, durationMs }: { readonly startedAt: Date | null; readonly durationMs: number }) {
  if (!startedAt) return [];
  const completed = new Date(startedAt.getTime() + durationMs);
  return [{ name: 'execute', started_at: startedAt.toISOString(), completed_at: completed.toISOString() }];
}
