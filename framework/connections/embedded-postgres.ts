import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GccflowError } from '../foundation/error.ts';
import type { Log } from '../foundation/log.ts';
import type { Postgres, PostgresSession } from './postgres.ts';
import { findPostgresBinaries } from './postgres-binaries.ts';
import { ensureCluster, type Postmaster, readClusterPassword, readPostmaster, startServer, stopServer } from './postgres-cluster.ts';
import { type PostgresHome, preparePostgresHome } from './postgres-home.ts';
import { openPool } from './postgres-pool.ts';

interface EmbeddedOptions {
  readonly projectDir: string;
  readonly maxConnections: number;
  readonly log: Log;
}

/** The advisory lock that every process holds in shared mode while it uses the server, and that the last one takes to stop it. */
const presence = 0x67_63_63_66;
const startDeadlineMs = 60_000;

/**
 * Opens the embedded server, shared by all processes of this machine that name the same folder. Who comes first makes and starts it,
 * who leaves last stops it; should the last one be killed, the server notices at once and stops itself.
 */
export async function openEmbeddedPostgres(path: string, { projectDir, maxConnections, log }: EmbeddedOptions): Promise<Postgres> {
  const binaries = await findPostgresBinaries();
  const home = await preparePostgresHome(resolve(projectDir, path), projectDir, binaries);
  await ensureCluster(home, binaries.major);
  const deadline = performance.now() + startDeadlineMs;
  while (performance.now() < deadline) {
    const postmaster = await readPostmaster(home);
    const started = postmaster === null && (await startServer(home));
    const joined = await join(home, started ? await readPostmaster(home) : postmaster, maxConnections, log);
    if (joined !== null) {
      if (started) await startWatch(joined);
      return joined;
    }
    await sleep(20);
  }
  throw new GccflowError('POSTGRES_UNREACHABLE', `The embedded PostgreSQL in ${home.dir} neither answers nor ends.`, {
    hint: `Its log is server.log in that folder; end the process in the first line of data/postmaster.pid and try again.`,
  });
}

/** Connects and says that we are here. Null when the server is starting, stopping or gone: look again. */
async function join(home: PostgresHome, postmaster: Postmaster | null, maxConnections: number, log: Log): Promise<Postgres | null> {
  if (!postmaster?.ready) return null;
  await using opening = new AsyncDisposableStack();
  const gate = await connect(home, postmaster, 1, log);
  if (gate === null) return null;
  opening.use(gate);
  const here = await announce(gate);
  if (here === null) return null;
  opening.use(here);
  const pool = await connect(home, postmaster, maxConnections, log);
  if (pool === null) return null;
  opening.defer(async () => {
    if (await isLast(here)) await stopServer(home, postmaster.pid);
  });
  opening.use(pool);
  const open = opening.move();
  return {
    kind: 'embedded',
    version: pool.version,
    query: (sql, params) => pool.query(sql, params),
    transaction: (work, signal) => pool.transaction(work, signal),
    session: () => pool.session(),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

async function connect(home: PostgresHome, { port }: Postmaster, maxConnections: number, log: Log): Promise<Postgres | null> {
  const url = `postgres://postgres:${await readClusterPassword(home)}@127.0.0.1:${port}/postgres`;
  try {
    return await openPool({ kind: 'embedded', url, maxConnections, log });
  } catch (thrown) {
    if (thrown instanceof GccflowError && thrown.code === 'POSTGRES_UNREACHABLE') return null;
    throw thrown;
  }
}

/** A session that holds the presence lock, or null while the last one out is stopping the server. */
async function announce(pool: Postgres): Promise<(PostgresSession & AsyncDisposable) | null> {
  try {
    await using opening = new AsyncDisposableStack();
    const session = opening.use(await pool.session());
    const [row] = await session.query<{ here: boolean }>('select pg_try_advisory_lock_shared($1) as here', [presence]);
    if (row?.here !== true) return null;
    opening.move();
    return session;
  } catch (thrown) {
    if (thrown instanceof GccflowError && thrown.code === 'POSTGRES_UNREACHABLE') return null;
    throw thrown;
  }
}

/** Whether nobody else is here. From then on nobody comes in. */
async function isLast(here: PostgresSession): Promise<boolean> {
  try {
    const [row] = await here.query<{ last: boolean }>('select pg_try_advisory_lock($1) as last', [presence]);
    return row?.last === true;
  } catch {
    return false;
  }
}

/**
 * Leaves a statement running in the server that stops it when nobody is here any more. A backend in a loop outlives its client,
 * so this works even after `kill -9`. It commits every round, and its rounds are short: the snapshot it sleeps with holds back vacuum,
 * which could not freeze a table that was loaded within the round.
 */
async function startWatch(pool: Postgres): Promise<void> {
  await using session = await pool.session();
  session.query(watch).catch(() => {}); // ends with an error when the session is let go of; the server goes on with it
  for (;;) {
    const running = await pool.query(`select 1 from pg_stat_activity where state = 'active' and query like '/* watch */%'`);
    if (running.length > 0) return;
  }
}

const watch = `/* watch */
  do $$ begin
    loop
      commit;
      perform pg_sleep(0.05);
      exit when pg_try_advisory_lock(${presence});
    end loop;
    copy (select 1) to program 'kill -INT $(head -n 1 postmaster.pid)';
  end $$`;
