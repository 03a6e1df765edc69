import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { openPostgres } from '../../framework/connections/open-postgres.ts';
import { needs } from './services.ts';
import { silentLog } from './warehouse.ts';

export interface ScratchDatabase extends AsyncDisposable {
  readonly url: string;
}

/** A fresh database in this machine's PostgreSQL, dropped when disposed. Null where there is none, and the test is skipped by name. */
export async function scratchDatabase(context: TestContext): Promise<ScratchDatabase | null> {
  if (!(await needs('postgres', context))) return null;
  const name = `gccflow_${randomUUID().slice(0, 8)}`;
  const urlOf = (database: string) => `postgres://postgres@127.0.0.1:5432/${database}`;
  await using opening = new AsyncDisposableStack();
  const admin = opening.use(
    await openPostgres({ type: 'postgres', url: urlOf('postgres') }, { projectDir: '.', maxConnections: 1, log: silentLog }),
  );
  await admin.query(`create database ${name}`);
  opening.defer(async () => {
    await admin.query(`drop database ${name} with (force)`);
  });
  const open = opening.move();
  return { url: urlOf(name), [Symbol.asyncDispose]: () => open.disposeAsync() };
}
