import type { PostgresQueries } from '../../connections/postgres.ts';
import type { FlowNode } from '../../manifest/manifest.ts';

/** A flow and its slots, as `GET /flows` shows it. */
export interface FlowReport {
  readonly flow: string;
  readonly description: string;
  readonly workers: number;
  readonly concurrency: number;
  readonly paused_at: Date | null;
  /** Tasks that workers hold. */
  readonly running: number;
  /** Tasks that are due, counted up to 1,000. */
  readonly due: number;
  /** How long the one that is started next has been due; null where none is. */
  readonly due_for_seconds: number | null;
  /** Where it is served; null where it is not. */
  readonly path: string | null;
}

interface Row {
  readonly flow: string;
  readonly paused_at: Date | null;
  readonly running: number;
  readonly due: number;
  readonly due_for: number | null;
}

/** How much work each flow has, in the order of their names. Costs about the same however many tasks are queued. */
export async function readFlows(queries: PostgresQueries, flows: readonly FlowNode[]): Promise<readonly FlowReport[]> {
  const rows = await queries.query<Row>(flowsSql, [flows.map(({ name }) => name)]);
  const byFlow = new Map(rows.map((row) => [row.flow, row]));
  return flows
    .toSorted((a, b) => a.name.localeCompare(b.name))
    .map(({ name, description, flow }) => {
      const row = byFlow.get(name);
      return {
        flow: name,
        description,
        workers: flow.workers,
        concurrency: flow.concurrency,
        paused_at: row?.paused_at ?? null,
        running: row?.running ?? 0,
        due: row?.due ?? 0,
        due_for_seconds: row?.due_for ?? null,
        path: flow.serve?.path ?? null,
      };
    });
}

const flowsSql = `
  with leased as (select flow, count(*)::int as running from gccflow.scrape_request_log where worker_id is not null group by flow)
  select wanted.flow, paused_at, coalesce(running, 0) as running, waiting.due, head.due_for
  from unnest($1::text[]) as wanted (flow)
  left join gccflow.scrape_flow on scrape_flow.flow = wanted.flow
  left join leased on leased.flow = wanted.flow
  cross join lateral (
    select count(*)::int as due from (
      select from gccflow.scrape_request_log where flow = wanted.flow and status = 'PENDING' and ready limit 1000) as first) as waiting
  left join lateral (
    select greatest(extract(epoch from now() - coalesce(run_at, created_at)), 0)::float8 as due_for from gccflow.scrape_request_log
    where flow = wanted.flow and status = 'PENDING' and ready order by priority desc, turn, id limit 1) as head on true`;
