import type { Log } from '../foundation/log.ts';
import type { BrokerConfig, PostgresConfig } from '../project/target-config.ts';
import type { Broker } from './broker.ts';

export interface BrokerOptions {
  /** The project's folder; the embedded PostgreSQL's path is relative to it. */
  readonly projectDir: string;
  /** Holds the queues of the embedded broker. */
  readonly postgres: PostgresConfig;
  readonly log: Log;
  /** Ends the waiting for a broker that does not answer, and the making of new connections. */
  readonly signal: AbortSignal;
}

/** Opens a target's broker. Throws BROKER_UNREACHABLE, or POSTGRES_UNREACHABLE for the embedded one. */
export async function openBroker(config: BrokerConfig, { postgres, ...options }: BrokerOptions): Promise<Broker> {
  if (config.type === 'embedded') {
    const { openEmbeddedBroker } = await import('./embedded-broker.ts');
    return openEmbeddedBroker(postgres, options);
  }
  const { openRabbitmqBroker } = await import('./rabbitmq-broker.ts');
  return openRabbitmqBroker(config.url, options);
}
