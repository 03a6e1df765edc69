import type { PostgresConnection } from '../../connections/postgres.ts';
import { exchangeSql, type LeasedRow } from './exchange-sql.ts';
import { leasedTasks } from './leased-task.ts';
import type { LinePlaces, Place } from './line-places.ts';
import { storableText } from './storable-text.ts';
import type { Settlement } from './task.ts';
import type { EndedTask, Exchanged, Wish } from './task-queue.ts';

export interface ExchangeRequest {
  readonly ended: readonly EndedTask[];
  readonly wishes: readonly Wish[];
  readonly worker: string;
  /** Made for this call: the tasks that it leases bear it. */
  readonly token: string;
}

/** What is known of the lines of flows. */
export type Lines = Pick<LinePlaces, 'of' | 'note'>;

/** Errors are for people to read: what is longer is cut. */
const maxMessageLength = 2_000;
const longestWaitMs = 366 * 86_400_000;

/**
 * Ends attempts and leases tasks in one statement. Only where a line that moves fast gives less than was wished, its beginning is looked at
 * in a second one.
 */
export async function exchangeTasks(lane: PostgresConnection, request: ExchangeRequest, places: Lines): Promise<Exchanged> {
  const { wishes, worker, token } = request;
  const near = wishes.flatMap((wish) => {
    const place = places.of(wish.flow);
    return place === null ? [] : [{ ...wish, place }];
  });
  const far = near.length === 0 ? wishes : wishes.filter(({ flow }) => !near.some((wish) => wish.flow === flow));
  const first = await exchangeOnce(lane, { ...request, far, near }, places);
  const short = near.map((wish) => ({ ...wish, limit: wish.limit - countOf(wish.flow, first) })).filter(({ limit }) => limit > 0);
  if (short.length === 0) return first;
  const second = await exchangeOnce(lane, { ended: [], far: short, near: [], worker, token }, places);
  return { leased: [...first.leased, ...second.leased], lost: first.lost };
}

function countOf(flow: string, { leased }: Exchanged): number {
  return leased.reduce((count, task) => (task.flow === flow ? count + 1 : count), 0);
}

type NearWish = Wish & { readonly place: Place };

interface Split extends Omit<ExchangeRequest, 'wishes'> {
  readonly far: readonly Wish[];
  readonly near: readonly NearWish[];
}

const statements = new Map(
  [false, true].flatMap((hasOthers) =>
    [false, true].map((hasNear) => [nameOf(hasOthers, hasNear), exchangeSql({ hasOthers, hasNear })] as const),
  ),
);

function nameOf(hasOthers: boolean, hasNear: boolean): string {
  return `gccflow_exchange${hasOthers ? '_others' : ''}${hasNear ? '_near' : ''}`;
}

async function exchangeOnce(lane: PostgresConnection, { ended, far, near, worker, token }: Split, places: Lines): Promise<Exchanged> {
  const done = ended.filter(({ settlement }) => settlement.kind === 'complete');
  const others = ended.filter(({ settlement }) => settlement.kind !== 'complete');
  const name = nameOf(others.length > 0, near.length > 0);
  const params = [...heldParams(done), ...wishParams(far), worker, token];
  if (near.length > 0) params.push(...wishParams(near), ...placeParams(near));
  if (others.length > 0) params.push(...heldParams(others), ...noteParams(others));
  const rows = await lane.prepared<LeasedRow>(name, statements.get(name) ?? '', params);
  places.note(
    rows,
    far.map(({ flow }) => flow),
  );
  return { leased: leasedTasks(rows), lost: lostOf(ended, rows[0]?.ended ?? null) };
}

function placeParams(near: readonly NearWish[]): readonly unknown[] {
  return [near.map(({ place }) => place.priority), near.map(({ place }) => place.turn), near.map(({ place }) => place.id)];
}

/** As text, which the driver passes on as it is: of an array it would make the same text, ten times as slowly. */
function heldParams(tasks: readonly EndedTask[]): [string, string] {
  return [`{${tasks.map(({ id }) => id).join()}}`, `{${tasks.map(({ attempt }) => attempt).join()}}`];
}

function wishParams(wishes: readonly Wish[]): readonly unknown[] {
  return [wishes.map(({ flow }) => flow), wishes.map(({ limit }) => limit), wishes.map(({ leaseMs }) => leaseMs)];
}

function noteParams(tasks: readonly EndedTask[]): readonly unknown[] {
  return [
    tasks.map(({ settlement }) => settlement.kind),
    tasks.map(({ settlement }) => waitMs(settlement)),
    tasks.map(({ settlement }) => noteOf(settlement)),
  ];
}

function waitMs(settlement: Settlement): number {
  if (settlement.kind === 'failed') return boundedWait(settlement.retryInMs);
  return settlement.kind === 'returned' ? boundedWait(settlement.waitMs) : 0;
}

/** One wait that PostgreSQL cannot add to a time would keep all attempts of the same call from ending. What is no number is no wait. */
function boundedWait(ms: number): number {
  return Math.min(longestWaitMs, Math.max(0, ms || 0));
}

/** What is kept of an attempt that did not complete. */
function noteOf(settlement: Settlement): string {
  if (settlement.kind === 'returned') return JSON.stringify({ reason: storableText(settlement.reason, maxMessageLength) });
  if (settlement.kind === 'complete') return '{}';
  const { code, message, place } = settlement.error;
  return JSON.stringify({
    code: storableText(code, maxMessageLength),
    message: storableText(message, maxMessageLength),
    place: place === null ? null : storableText(place, maxMessageLength),
  });
}

function lostOf(ended: readonly EndedTask[], known: readonly string[] | null): string[] {
  if (known === null) return [];
  const ids = new Set(known);
  return ended.map(({ id }) => id).filter((id) => !ids.has(id));
}
