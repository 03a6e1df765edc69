import { GccflowError } from '../foundation/error.ts';
import type { Log } from '../foundation/log.ts';
import type { PostgresConfig } from '../project/target-config.ts';
import { openEmbeddedPostgres } from './embedded-postgres.ts';
import type { Postgres } from './postgres.ts';
import { openPool } from './postgres-pool.ts';

export interface PostgresOptions {
  /** The project's folder; the embedded server's path is relative to it. */
  readonly projectDir: string;
  readonly maxConnections: number;
  /** A connection to a server that nobody has used for so long is closed; none is where nothing is said. */
  readonly idleMs?: number;
  readonly log: Log;
  /** Stops the waiting for a server that does not answer. */
  readonly signal?: AbortSignal;
}

/**
 * Opens a target's PostgreSQL. The embedded one is made on first use, started if no other process has it running,
 * and stopped by the last process that leaves it. Throws POSTGRES_UNREACHABLE, or DEPENDENCY_MISSING.
 */
export async function openPostgres(config: PostgresConfig, options: PostgresOptions): Promise<Postgres> {
  if (config.type === 'embedded') return openEmbeddedPostgres(config.path, options);
  requirePostgresUrl(config.url);
  const { maxConnections, idleMs = 0, log, signal } = options;
  return openPool({ kind: 'server', url: config.url, maxConnections, idleMs, log, ...(signal && { signal }) });
}

/** The driver takes whatever it cannot read for a host of its own choice. The text may hold a password, so it is not shown. */
function requirePostgresUrl(text: string): void {
  const url = URL.parse(text);
  if (url && (url.protocol === 'postgres:' || url.protocol === 'postgresql:')) return;
  throw new GccflowError('POSTGRES_UNREACHABLE', "The target's PostgreSQL url is no postgres:// address.", {
    hint: 'Write it as postgres://user:password@host:5432/database, special characters of the password as %XX; it may come from the environment: \'{{env "POSTGRES_URL"}}\'.',
  });
}
