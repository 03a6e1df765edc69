import type { Postgres, PostgresQueries, PostgresSession } from '../../connections/postgres.ts';

/**
 * Runs `work` in a transaction that begins with its first statement, so that whatever comes before, such as calls of APIs, holds no
 * connection and no row. Rolls back when it throws or the signal aborts. The session refuses what comes after its end, as its connection is
 * another's by then.
 */
export async function lateTransaction<Result>(
  postgres: Postgres,
  work: (session: PostgresQueries) => Promise<Result>,
  signal: AbortSignal,
): Promise<Result> {
  const worked = Promise.withResolvers<void>();
  worked.promise.catch(() => {}); // nobody waits for it where no statement came
  let opening: Promise<PostgresSession> | null = null;
  let done: Promise<void> = Promise.resolve();
  let isOver = false;
  const begin = (): Promise<PostgresSession> => {
    const opened = Promise.withResolvers<PostgresSession>();
    done = postgres.transaction(async (session) => {
      opened.resolve(session);
      await worked.promise;
    }, signal);
    done.catch(opened.reject);
    return opened.promise;
  };
  const query: PostgresQueries['query'] = async (sql, params) => {
    if (isOver) throw new Error('the transaction of the task has ended');
    opening ??= begin();
    return (await opening).query(sql, params);
  };
  try {
    const result = await work({ query });
    isOver = true;
    worked.resolve();
    await done;
    return result;
  } catch (thrown) {
    isOver = true;
    worked.reject(thrown);
    await done.catch(() => {});
    throw thrown;
  }
}
