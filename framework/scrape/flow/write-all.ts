import type { PostgresQueries } from '../../connections/postgres.ts';
import type { OutboxEvent } from '../outbox/outbox.ts';
import type { LeasedTask } from '../queue/task.ts';
import type { StepEvent } from '../steps/flow-module.ts';
import type { Writes } from '../steps/step.ts';
import type { FlowDeps } from './flow-deps.ts';
import { lateTransaction } from './late-transaction.ts';

/** The task is another worker's by now: nothing of this attempt may stay. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

/** What every event of an attempt says of itself where its body does not. */
export interface Envelope {
  readonly source: string;
  /** Left out where null. */
  readonly platform: unknown;
}

/**
 * Writes everything of an attempt, and its end, in one transaction: all of it or nothing. Throws LeaseLost where the attempt no longer is the
 * task's current one.
 */
export async function writeAll(writes: Writes, task: LeasedTask, envelope: Envelope, deps: FlowDeps, signal: AbortSignal): Promise<void> {
  const write = async (session: PostgresQueries): Promise<void> => {
    for (const step of writes.inTransaction) await step(session);
    if (writes.events.length > 0) await deps.addEvents(session, outboxEvents(writes.events, task, envelope, deps));
    if (writes.tasks.length > 0) await deps.queue.enqueueWithin(session, writes.tasks);
    // Last, so that the row of the task, which the worker's renewal of the lease writes too, is locked for no longer than the commit takes.
    if (!(await deps.queue.completeWithin(session, task))) throw new LeaseLost('the lease was lost');
  };
  await lateTransaction(await deps.postgres(), write, signal);
}

/** The events in their envelopes; their ids are the same in every repeat that makes the same events. */
function outboxEvents(events: readonly StepEvent[], task: LeasedTask, { source, platform }: Envelope, deps: FlowDeps): OutboxEvent[] {
  const counts = new Map<string, number>();
  return events.map(({ exchange, routingKey, body }) => {
    const ordinal = counts.get(routingKey) ?? 0;
    counts.set(routingKey, ordinal + 1);
    const id = body.event_id ?? deps.eventId(task.id, routingKey, ordinal);
    const whole = {
      ...body,
      event_id: id,
      source: body.source ?? source,
      platform: body.platform ?? platform ?? undefined,
      event_timestamp: body.event_timestamp ?? undefined,
    };
    return { exchange, routingKey, messageId: String(id), body: whole };
  });
}
