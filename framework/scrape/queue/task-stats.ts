import type { PostgresQueries } from '../../connections/postgres.ts';

/** How a flow's tasks stand. */
export interface FlowStats {
  readonly flow: string;
  /** Due, and not yet leased. */
  readonly due: number;
  /** Waiting for their time: a retry, a limit, a delay. */
  readonly later: number;
  readonly processing: number;
  /** How long the oldest task that is due has been queued, in ms; null where none is. */
  readonly oldestDueMs: number | null;
  /** Of those that ended in the time that is looked at. */
  readonly complete: number;
  readonly failed: number;
  readonly expired: number;
  readonly cancelled: number;
  readonly pausedAt: Date | null;
}

/** The flows that have tasks, or had some that ended within `sinceMs`, or are paused; by name. */
export function readStats(queries: PostgresQueries, sinceMs: number): Promise<readonly FlowStats[]> {
  return queries.query<FlowStats>(statsSql, [sinceMs]);
}

const statsSql = `
  with hot as (
    select flow, count(*) filter (where status = 'PENDING' and ready)::int as due,
      count(*) filter (where status = 'PENDING' and not ready)::int as later,
      count(*) filter (where status = 'PROCESSING')::int as processing,
      min(created_at) filter (where status = 'PENDING' and ready) as oldest
    from gccflow.scrape_request_log group by flow),
  ended as (
    select flow, count(*) filter (where status = 'COMPLETE')::int as complete, count(*) filter (where status = 'FAILED')::int as failed,
      count(*) filter (where status = 'EXPIRED')::int as expired, count(*) filter (where status = 'CANCELLED')::int as cancelled
    from gccflow.scrape_request_history where ended_at >= now() - $1::float8 * interval '1 millisecond' group by flow)
  select flow, coalesce(due, 0) as due, coalesce(later, 0) as later, coalesce(processing, 0) as processing,
    date_part('epoch', now() - oldest) * 1000 as "oldestDueMs", coalesce(complete, 0) as complete, coalesce(failed, 0) as failed,
    coalesce(expired, 0) as expired, coalesce(cancelled, 0) as cancelled, paused_at as "pausedAt"
  from hot full join ended using (flow) full join (select * from gccflow.scrape_flow where paused_at is not null) as paused using (flow)
  order by flow`;
