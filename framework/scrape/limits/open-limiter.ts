import type { Postgres } from '../../connections/postgres.ts';
import { migrateSchema } from '../../connections/postgres-schema.ts';
import type { Log } from '../../foundation/log.ts';
import type { LimiterConfig } from '../../project/target-config.ts';
import { EmbeddedLimiter } from './embedded-limiter.ts';
import type { Limiter } from './limiter.ts';

export interface LimiterOptions {
  /** The target's; not closed by the limiter. */
  readonly postgres: Postgres;
  readonly log: Log;
  /** Ends the making of new connections; one that is there stays. */
  readonly signal: AbortSignal;
}

/**
 * Opens a target's limiter. A Redis that is away is no error: it may come, and until then methods throw LIMITER_UNREACHABLE. Throws that
 * itself where the url is none; POSTGRES_UNREACHABLE and POSTGRES_QUERY where the tables cannot be made.
 */
export async function openLimiter(config: LimiterConfig, { postgres, log, signal }: LimiterOptions): Promise<Limiter> {
  await migrateSchema(postgres);
  if (config.type === 'embedded') return new EmbeddedLimiter(postgres);
  const { openRedisLimiter } = await import('./redis-limiter.ts');
  return openRedisLimiter({ url: config.url, prefix: config.prefix, postgres, log, signal });
}
