import { v5 } from 'uuid';

/** What makes ids of events differ from ids that others make of the same names. Never changed: repeats would get other ids. */
const namespace = 'b0c6c1d2-5d5e-5c8e-9c55-0f7d6e5a9b11';

/**
 * The id of the event that a task emits as its `ordinal`-th of a routing key, from 0: the same in every repeat of the task, so that who reads
 * the event twice can tell.
 */
export function eventId(taskId: string, routingKey: string, ordinal: number): string {
  return v5(`${taskId}/${ordinal}/${routingKey}`, namespace);
}
