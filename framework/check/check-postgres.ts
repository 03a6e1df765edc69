import { openPostgres } from '../connections/open-postgres.ts';
import type { Postgres } from '../connections/postgres.ts';
import type { Log } from '../foundation/log.ts';

/** An embedded PostgreSQL in which SQL is tried and nothing stays. Its folder is kept, so that only the first check of a project makes one. */
export function openCheckPostgres(projectDir: string, log: Log): Promise<Postgres> {
  return openPostgres({ type: 'embedded', path: '.gccflow/cache/postgres' }, { projectDir, maxConnections: 2, log });
}
