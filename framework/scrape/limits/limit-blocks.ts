import type { Postgres, PostgresQueries } from '../../connections/postgres.ts';
import type { Level } from './limiter.ts';

/** Of windows that are not longer, nothing is kept but in Redis: what it forgets counts as used up for one window. */
const shortMs = 60_000;
/** Share of a limit that is reserved at once. */
const blockShare = 0.01;
/** More are not reserved at once: after a loss a whole block counts as used. */
const maxBlock = 100_000;

/** Whether a level's calls are reserved in PostgreSQL before they are made. */
export function isDurable({ perMs }: Pick<Level, 'perMs'>): boolean {
  return perMs > shortMs;
}

export function blockSize({ requests }: Pick<Level, 'requests'>): number {
  return Math.min(maxBlock, Math.max(1, Math.floor(requests * blockShare)));
}

export interface BlockRequest {
  /** Names the limiter in PostgreSQL. */
  readonly limiter: string;
  /** In which its calls would be counted. */
  readonly epoch: string;
  readonly level: Level;
  /** The block that is used up, '0' for none: its calls were all made before now. */
  readonly previous: string;
}

/**
 * Reserves a block of calls; null where a later epoch has begun, which counts without them: the Redis that asks is not the one that counts
 * any more. Blocks whose calls are out of the window are removed; one that nobody asked to follow is usable for one window, and an hour more
 * is left for clocks. The epoch is locked, so that one that begins meanwhile counts the block as used.
 */
export async function reserveBlock(postgres: Postgres, { limiter, epoch, level, previous }: BlockRequest): Promise<string | null> {
  const [row] = await postgres.query<{ id: string }>(
    `with known as (select epoch from gccflow.limit_epoch where limiter = $1 for share),
       ended as (update gccflow.limit_block set ended_at = clock_timestamp() where id = $6 and limiter = $1 and ended_at is null),
       old as (delete from gccflow.limit_block where limiter = $1 and key = $2 and per_ms = $3 and is_fixed = $4 and id <> $6
                 and coalesce(ended_at, reserved_at + per_ms * interval '1 ms') + per_ms * interval '1 ms' + interval '1 hour' < clock_timestamp())
     insert into gccflow.limit_block (limiter, key, per_ms, is_fixed, calls)
       select $1, $2, $3::bigint, $4::boolean, $5::bigint where not exists (select from known where epoch > $7) returning id::text`,
    [limiter, level.key, level.perMs, level.window === 'fixed', blockSize(level), previous, epoch],
  );
  return row?.id ?? null;
}

/** Removes a block of which no call was made. */
export async function dropBlock(postgres: Postgres, id: string): Promise<void> {
  await postgres.query('delete from gccflow.limit_block where id = $1', [id]);
}

/** Calls that may have been made, and how long ago at least. */
export interface KeptCalls {
  readonly calls: number;
  readonly ageMs: number;
}

export interface KeptLevel {
  readonly level: Omit<Level, 'requests'>;
  /** Oldest first. */
  readonly kept: readonly KeptCalls[];
}

/** An epoch that begins. */
export interface BegunEpoch {
  readonly epoch: string;
  /** No other epoch was before. */
  readonly isFirst: boolean;
}

/** What is known of an epoch that begins. */
export interface KeptCounts extends BegunEpoch {
  readonly levels: readonly KeptLevel[];
  readonly closures: readonly { readonly key: string; readonly forMs: number }[];
}

/** Begins an epoch: from when that is committed, earlier ones are given no more calls, and no more leases. */
export async function beginEpoch(queries: PostgresQueries, limiter: string): Promise<BegunEpoch> {
  const [begun] = await queries.query<{ epoch: string }>(
    `insert into gccflow.limit_epoch as known (limiter, epoch, began_at) values ($1, 1, clock_timestamp())
     on conflict (limiter) do update set epoch = known.epoch + 1, began_at = excluded.began_at returning epoch::text`,
    [limiter],
  );
  const epoch = begun?.epoch ?? '';
  return { epoch, isFirst: epoch === '1' };
}

/** Whether no later epoch has begun. */
export async function isLatestEpoch(postgres: Postgres, limiter: string, epoch: string): Promise<boolean> {
  const [later] = await postgres.query('select from gccflow.limit_epoch where limiter = $1 and epoch > $2', [limiter, epoch]);
  return later === undefined;
}

/** What counts in an epoch that begins: what was reserved until now may have been used until now. In a transaction of the caller's. */
export async function keptCounts(queries: PostgresQueries, limiter: string): Promise<Pick<KeptCounts, 'levels' | 'closures'>> {
  await queries.query('update gccflow.limit_block set ended_at = clock_timestamp() where limiter = $1 and ended_at is null', [limiter]);
  await queries.query(
    `delete from gccflow.limit_block where limiter = $1 and ended_at + per_ms * interval '1 ms' + interval '1 hour' < clock_timestamp()`,
    [limiter],
  );
  return { levels: await keptLevels(queries, limiter), closures: await closuresOf(queries, limiter) };
}

async function keptLevels(queries: PostgresQueries, limiter: string): Promise<KeptLevel[]> {
  const rows = await queries.query<{ key: string; perMs: string; fixed: boolean; calls: string; ageMs: string }>(
    `select key, per_ms::text as "perMs", is_fixed as fixed, calls::text,
       floor(extract(epoch from clock_timestamp() - ended_at) * 1000)::bigint::text as "ageMs"
     from gccflow.limit_block where limiter = $1 and ended_at + per_ms * interval '1 ms' > clock_timestamp() order by ended_at, id`,
    [limiter],
  );
  const byLevel = Map.groupBy(rows, ({ key, perMs, fixed }) => JSON.stringify([key, perMs, fixed]));
  return [...byLevel.values()].flatMap((blocks) => {
    const [first] = blocks;
    if (first === undefined) return [];
    const level = { key: first.key, perMs: Number(first.perMs), window: first.fixed ? 'fixed' : 'sliding' } as const;
    return [{ level, kept: blocks.map(({ calls, ageMs }) => ({ calls: Number(calls), ageMs: Number(ageMs) })) }];
  });
}

async function closuresOf(queries: PostgresQueries, limiter: string): Promise<KeptCounts['closures']> {
  await queries.query('delete from gccflow.limit_closure where limiter = $1 and closed_until < clock_timestamp()', [limiter]);
  const rows = await queries.query<{ key: string; forMs: string }>(
    `select key, ceil(extract(epoch from closed_until - clock_timestamp()) * 1000)::bigint::text as "forMs"
     from gccflow.limit_closure where limiter = $1`,
    [limiter],
  );
  return rows.map(({ key, forMs }) => ({ key, forMs: Number(forMs) }));
}

/** Notes what is closed for longer than Redis may take to come back; of several the longest holds. */
export async function keepClosure(postgres: Postgres, limiter: string, key: string, forMs: number): Promise<void> {
  await postgres.query(
    `insert into gccflow.limit_closure as known values ($1, $2, clock_timestamp() + $3 * interval '1 ms')
     on conflict (limiter, key) do update set closed_until = greatest(known.closed_until, excluded.closed_until)`,
    [limiter, key, forMs],
  );
}
