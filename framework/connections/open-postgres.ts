import type { Log } from '../foundation/log.ts';
import type { PostgresConfig } from '../project/target-config.ts';
import { openEmbeddedPostgres } from './embedded-postgres.ts';
import type { Postgres } from './postgres.ts';
import { openPool } from './postgres-pool.ts';

export interface PostgresOptions {
  /** The project's folder; the embedded server's path is relative to it. */
  readonly projectDir: string;
  readonly maxConnections: number;
  readonly log: Log;
}

/**
 * Opens a target's PostgreSQL. The embedded one is made on first use, started if no other process has it running,
 * and stopped by the last process that leaves it. Throws POSTGRES_UNREACHABLE, or DEPENDENCY_MISSING.
 */
export function openPostgres(config: PostgresConfig, options: PostgresOptions): Promise<Postgres> {
  if (config.type === 'embedded') return openEmbeddedPostgres(config.path, options);
  return openPool({ kind: 'server', url: config.url, maxConnections: options.maxConnections, log: options.log });
}
