import { Counter, Gauge, Registry } from 'prom-client';
import type { OutboxState } from '../outbox/waiting-events.ts';
import type { CallSums } from './call-tally.ts';
import type { FlowCounts } from './worker-counts.ts';

/** What a worker counts, for Prometheus. */
export interface WorkerMetrics {
  /** `code` is that of the error, empty where there is none. */
  readonly ended: (flow: string, outcome: keyof FlowCounts, code: string) => void;
  readonly called: (sums: CallSums) => void;
  readonly leaseLost: (flow: string) => void;
  readonly published: (events: number) => void;
  readonly contentType: string;
  readonly print: () => Promise<string>;
}

/** What is looked up when the metrics are asked for. */
export interface WorkerState {
  readonly running: () => ReadonlyMap<string, number>;
  /** How long the oldest task of each flow that is due has been due, in seconds; null where PostgreSQL does not say. */
  readonly queueAges: () => Promise<ReadonlyMap<string, number> | null>;
  readonly outbox: () => Promise<OutboxState | null>;
}

export function openMetrics(state: WorkerState): WorkerMetrics {
  const registry = new Registry();
  const registers = [registry];
  const ended = new Counter({
    name: 'gccflow_task_attempts_total',
    help: 'Attempts that ended: complete, retried, failed for good or returned uncharged; with the code of the error.',
    labelNames: ['flow', 'outcome', 'code'],
    registers,
  });
  const lost = new Counter({
    name: 'gccflow_task_leases_lost_total',
    help: 'Leases that were found to be those of another worker.',
    labelNames: ['flow'],
    registers,
  });
  const requests = new Counter({
    name: 'gccflow_api_requests_total',
    help: 'Requests to APIs, by the class of the status, or a word for why there is none.',
    labelNames: ['api', 'status'],
    registers,
  });
  const waits = new Counter({
    name: 'gccflow_api_waits_total',
    help: 'Requests that asked for their limits and for a place at the API.',
    labelNames: ['api'],
    registers,
  });
  const waited = new Counter({
    name: 'gccflow_api_wait_seconds_total',
    help: 'How long they waited for them, all together.',
    labelNames: ['api'],
    registers,
  });
  const published = new Counter({ name: 'gccflow_outbox_published_total', help: 'Events that the broker has confirmed.', registers });
  const running = new Gauge({ name: 'gccflow_tasks_running', help: 'Attempts under way.', labelNames: ['flow'], registers });
  const age = new Gauge({
    name: 'gccflow_queue_age_seconds',
    help: 'How long the oldest task that is due has been due.',
    labelNames: ['flow'],
    registers,
  });
  const waiting = new Gauge({ name: 'gccflow_outbox_waiting', help: 'Events in the outbox, up to 100,000.', registers });
  const lag = new Gauge({ name: 'gccflow_outbox_lag_seconds', help: 'How long the oldest event has been due.', registers });
  return {
    ended: (flow, outcome, code) => ended.inc({ flow, outcome, code }),
    called: (sums) => {
      for (const { api, status, count } of sums.requests) requests.inc({ api, status }, count);
      for (const { api, count, ms } of sums.waits) {
        waits.inc({ api }, count);
        waited.inc({ api }, ms / 1000);
      }
    },
    leaseLost: (flow) => lost.inc({ flow }),
    published: (events) => published.inc(events),
    contentType: registry.contentType,
    print: async () => {
      const [ages, outbox] = await Promise.all([state.queueAges(), state.outbox()]);
      for (const [flow, count] of state.running()) {
        running.set({ flow }, count);
        if (ages !== null) age.set({ flow }, ages.get(flow) ?? 0);
      }
      if (outbox !== null) {
        waiting.set(outbox.waiting);
        lag.set(outbox.lagSeconds);
      }
      return registry.metrics();
    },
  };
}
