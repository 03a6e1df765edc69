import type { PostgresConnection } from '../../connections/postgres.ts';
import { sqlStateOf } from '../../connections/postgres-fault.ts';
import { keepHistory } from './history-days.ts';
import { endLeasesSql, expireSql, forgetOldKeysSql, makeDueSql, mostAtOnce, nextSql } from './keep-house-sql.ts';
import type { QueueLanes } from './queue-lanes.ts';
import type { HousePolicy, HouseWork } from './task-queue.ts';

/** Advisory lock of whoever keeps the house. */
export const houseLock = 0x67_63_68_6b;
/** A task may be queued for a time sooner than what is known now: so often it is looked again. */
const lookAgainMs = 1_000;
const historyEveryMs = 600_000;
/** Whoever waits for a lock lets others wait behind him: not often. */
const historyAgainMs = 60_000;
const lockNotAvailable = '55P03';

const idle: HouseWork = { madeDue: 0, leasesEnded: 0, expired: 0, nextInMs: lookAgainMs };

/** Does what tasks need besides being leased and ended, if no other process is at it. */
export class Housekeeper {
  readonly #lanes: QueueLanes;
  #historyDueMs = Number.NEGATIVE_INFINITY;

  constructor(lanes: QueueLanes) {
    this.#lanes = lanes;
  }

  keep({ retainDays }: HousePolicy): Promise<HouseWork> {
    return this.#lanes.with(async (lane) => {
      const [lock] = await lane.prepared<{ held: boolean }>('gccflow_house_lock', 'select pg_try_advisory_lock($1) as held', [houseLock]);
      if (lock?.held !== true) return idle;
      try {
        if (performance.now() > this.#historyDueMs) await this.#keepHistory(lane, retainDays);
        return await keepTasks(lane);
      } finally {
        await lane.prepared('gccflow_house_unlock', 'select pg_advisory_unlock($1)', [houseLock]).catch(() => {});
      }
    });
  }

  /** Somebody who reads the history puts it off. */
  async #keepHistory(lane: PostgresConnection, retainDays: number): Promise<void> {
    try {
      await keepHistory(lane, retainDays);
      await lane.query(forgetOldKeysSql, [retainDays]);
      this.#historyDueMs = performance.now() + historyEveryMs;
    } catch (thrown) {
      if (sqlStateOf(thrown) !== lockNotAvailable) throw thrown;
      this.#historyDueMs = performance.now() + historyAgainMs;
    }
  }
}

async function keepTasks(lane: PostgresConnection): Promise<HouseWork> {
  const count = async (name: string, sql: string): Promise<number> => {
    const [row] = await lane.prepared<{ count: number }>(`gccflow_house_${name}`, sql, []);
    return row?.count ?? 0;
  };
  const expired = await count('expired', expireSql);
  const madeDue = await count('due', makeDueSql);
  const leasesEnded = await count('leases', endLeasesSql);
  const [next] = await lane.prepared<{ in_ms: number | null }>('gccflow_house_next', nextSql, []);
  const hasMore = Math.max(leasesEnded, expired, madeDue) === mostAtOnce;
  return { madeDue, leasesEnded, expired, nextInMs: hasMore ? 0 : Math.min(lookAgainMs, Math.max(0, next?.in_ms ?? lookAgainMs)) };
}
