import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../foundation/error.ts';
import type { Log } from '../../foundation/log.ts';
import type { HousePolicy, TaskQueue } from '../queue/task-queue.ts';

const leastMs = 50;
const mostMs = 30_000;
const failedMs = 2_000;

/** Does what the queue needs now and then, when it says it needs it, until the signal aborts. Never throws. */
export async function keepHouse(
  queue: Pick<TaskQueue, 'keepHouse'>,
  policy: HousePolicy,
  { log, signal }: { log: Log; signal: AbortSignal },
) {
  while (!signal.aborted) {
    const waitMs = await keepOnce(queue, policy, log);
    await sleep(waitMs, undefined, { signal }).catch(() => {});
  }
}

async function keepOnce(queue: Pick<TaskQueue, 'keepHouse'>, policy: HousePolicy, log: Log): Promise<number> {
  try {
    const { nextInMs, leasesEnded, expired } = await queue.keepHouse(policy);
    if (leasesEnded + expired > 0) log.info({ leasesEnded, expired }, 'tasks of dead workers and expired ones put in order');
    return Math.min(mostMs, Math.max(leastMs, nextInMs));
  } catch (thrown) {
    log.debug({ reason: messageOf(thrown) }, 'house of the queue not kept');
    return failedMs;
  }
}
