import { hash } from 'node:crypto';
import { Refusal } from './refusal.ts';

/** Where in a request of events stands what the intake needs to know. Names as in JSON. */
export interface EventLayout {
  /** Repeated field of the request. */
  readonly events: string;
  readonly id: string;
  /** Epoch milliseconds; null where events have no time. */
  readonly timestamp: string | null;
  /** The type of an event by the member of its oneof that is set: `launchEvent` is a `LaunchEvent`. */
  readonly types: ReadonlyMap<string, string>;
}

/** The events of one type of one request. */
export interface EventGroup {
  readonly type: string;
  readonly events: number;
  /** Made of the type and the ids of the events, so that a sender's repeat has the same. */
  readonly messageId: string;
  /** The request as protojson, with the events of this group alone. */
  readonly body: Buffer;
}

/**
 * Groups the events of a request by their type; each is in exactly one group, in the request's order. A time in the future becomes the
 * current second. Throws Refusal with the path of what is missing.
 */
export function groupEvents(request: Record<string, unknown>, layout: EventLayout, limit: number, now: Date): EventGroup[] {
  const events = (request[layout.events] ?? []) as Record<string, unknown>[];
  if (events.length === 0) throw new Refusal('invalid', 'At least one event is expected.', layout.events);
  if (events.length > limit) throw new Refusal('too_large', `At most ${limit} events are taken at once.`, layout.events);
  const groups = new Map<string, { readonly ids: string[]; readonly events: Record<string, unknown>[] }>();
  const nowMs = now.getTime();
  for (const [index, event] of events.entries()) {
    const type = typeOf(event, layout, index);
    correctTime(event, layout, index, nowMs);
    let group = groups.get(type);
    if (!group) {
      group = { ids: [], events: [] };
      groups.set(type, group);
    }
    group.ids.push(idOf(event, layout, index));
    group.events.push(event);
  }
  return [...groups].map(([type, group]) => ({
    type,
    events: group.events.length,
    messageId: digestOf(JSON.stringify([type, ...group.ids])),
    body: Buffer.from(JSON.stringify({ ...request, [layout.events]: group.events })),
  }));
}

/** Names a content: the same for the same, in 32 characters. */
export function digestOf(content: string | Buffer): string {
  return hash('sha256', content).slice(0, 32);
}

function typeOf(event: Record<string, unknown>, { events, types }: EventLayout, index: number): string {
  for (const key in event) {
    const type = types.get(key);
    if (type !== undefined) return type;
  }
  throw new Refusal('invalid', 'The event is of no type that is known here.', `${events}[${index}]`);
}

function idOf(event: Record<string, unknown>, { events, id }: EventLayout, index: number): string {
  const value = event[id];
  if (value !== undefined && value !== '') return String(value);
  throw new Refusal('invalid', 'An id is expected: without it a repeat could not be told from another event.', `${events}[${index}].${id}`);
}

function correctTime(event: Record<string, unknown>, { events, timestamp }: EventLayout, index: number, nowMs: number): void {
  if (timestamp === null) return;
  const given = event[timestamp];
  const isTime = typeof given === 'number' ? Number.isFinite(given) : typeof given === 'string' && /^\d{1,16}$/.test(given);
  if (!isTime) throw new Refusal('invalid', 'A time in epoch milliseconds is expected.', `${events}[${index}].${timestamp}`);
  if (Number(given) <= nowMs) return;
  const second = Math.floor(nowMs / 1000) * 1000;
  event[timestamp] = typeof given === 'string' ? String(second) : second;
}
