import type { PostgresConnection } from '../../connections/postgres.ts';
import { exchangeTasks, type Lines } from './exchange.ts';
import { adoptTasks, endedBefore } from './leases.ts';
import { LinePlaces } from './line-places.ts';
import { LostAnswers } from './lost-answers.ts';
import type { QueueLanes } from './queue-lanes.ts';
import type { LeasedTask } from './task.ts';
import type { EndedTask, Exchanged, Wish } from './task-queue.ts';

/**
 * Exchanges whose answers may get lost. A call that is not answered may have been carried out: what it leased is given to the next call of
 * the same worker, as far as that has room, and back to the queue beyond; what it ended is not called lost when it is ended again.
 */
export class Exchanges {
  readonly #lanes: QueueLanes;
  readonly #lost = new LostAnswers();
  readonly #places = new LinePlaces();

  constructor(lanes: QueueLanes) {
    this.#lanes = lanes;
  }

  async exchange(ended: readonly EndedTask[], wishes: readonly Wish[], worker: string): Promise<Exchanged> {
    const token = this.#lost.newToken();
    const unheard = this.#lost.tokensOf(worker);
    try {
      return await this.#lanes.with((lane) =>
        unheard.length === 0
          ? exchangeTasks(lane, { ended, wishes, worker, token }, this.#places)
          : repeat(lane, { ended, wishes, worker, token, unheard }, this.#places),
      );
    } catch (thrown) {
      // Also where a statement was refused: an earlier one of the same call may have leased tasks.
      this.#lost.add(worker, token);
      throw thrown;
    }
  }
}

interface Repeated {
  readonly ended: readonly EndedTask[];
  readonly wishes: readonly Wish[];
  readonly worker: string;
  readonly token: string;
  readonly unheard: readonly string[];
}

async function repeat(lane: PostgresConnection, { ended, wishes, worker, token, unheard }: Repeated, places: Lines): Promise<Exchanged> {
  const { kept, surplus, open } = share(await adoptTasks(lane, worker, unheard, token), wishes);
  const { leased, lost } = await exchangeTasks(lane, { ended: [...ended, ...surplus], wishes: open, worker, token }, places);
  const unknown = ended.filter(({ id }) => lost.includes(id));
  const known = unknown.length === 0 ? new Set<string>() : await endedBefore(lane, unknown);
  return { leased: [...kept, ...leased], lost: unknown.map(({ id }) => id).filter((id) => !known.has(id)) };
}

/** What of adopted tasks the wishes have room for, what goes back, and what is still to be wished. */
function share(
  adopted: readonly LeasedTask[],
  wishes: readonly Wish[],
): { readonly kept: LeasedTask[]; readonly surplus: EndedTask[]; readonly open: Wish[] } {
  const room = new Map(wishes.map(({ flow, limit }) => [flow, limit]));
  const kept: LeasedTask[] = [];
  const surplus: EndedTask[] = [];
  for (const task of adopted) {
    const left = room.get(task.flow) ?? 0;
    room.set(task.flow, left - 1);
    if (left > 0) kept.push(task);
    else surplus.push({ id: task.id, attempt: task.attempt, settlement: unheardOf });
  }
  return { kept, surplus, open: wishes.map((wish) => ({ ...wish, limit: Math.max(0, room.get(wish.flow) ?? 0) })) };
}

const unheardOf = { kind: 'returned', reason: 'the answer that leased it was lost', waitMs: 0 } as const;
