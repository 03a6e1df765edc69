import type { Postgres } from '../connections/postgres.ts';

/** Runs one statement that no transaction may hold, such as VACUUM; the server ends it when `signal` aborts. */
export async function runCancellable(postgres: Postgres, sql: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await using session = await postgres.session();
  const [row] = await session.query<{ pid: number }>('select pg_backend_pid() as pid');
  const cancel = (): void => {
    postgres.query('select pg_cancel_backend($1)', [row?.pid]).catch(() => {});
  };
  signal.addEventListener('abort', cancel, { once: true });
  try {
    signal.throwIfAborted();
    await session.query(sql);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}
