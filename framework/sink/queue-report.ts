import type { Broker, QueueState } from '../connections/broker.ts';
import type { SinkNode } from '../manifest/manifest.ts';
import { deadLetterRoute, delayQueue, retryDelays } from './routes.ts';

/** How full the queues of a sink are. */
export interface QueueReport {
  readonly sink: string;
  readonly queue: string;
  readonly type: 'quorum' | 'classic';
  /** Null where the broker has no such queue. */
  readonly state: QueueState | null;
  /** Failed deliveries that wait for their next try; `ready` is null where there is no such queue. */
  readonly retries: readonly { readonly queue: string; readonly delayMs: number; readonly ready: number | null }[];
  readonly deadLetters: { readonly queue: string; readonly ready: number | null };
}

/** Looks at every queue of the sinks, in their order. */
export async function readQueueReports(sinks: readonly SinkNode[], broker: Pick<Broker, 'inspect'>): Promise<QueueReport[]> {
  const reports: QueueReport[] = [];
  for (const node of sinks) reports.push(await readQueueReport(node, broker));
  return reports;
}

async function readQueueReport({ sink }: SinkNode, broker: Pick<Broker, 'inspect'>): Promise<QueueReport> {
  const { name, type } = sink.queue;
  const dead = deadLetterRoute(sink).queue;
  const delays = retryDelays(sink.retry).map((delayMs) => ({ queue: delayQueue(name, delayMs), delayMs }));
  const [state, deadState, ...delayStates] = await Promise.all(
    [name, dead, ...delays.map(({ queue }) => queue)].map((queue) => broker.inspect(queue)),
  );
  return {
    sink: sink.name,
    queue: name,
    type,
    state: state ?? null,
    retries: delays.map((delay, index) => ({ ...delay, ready: delayStates[index]?.ready ?? null })),
    deadLetters: { queue: dead, ready: deadState?.ready ?? null },
  };
}
