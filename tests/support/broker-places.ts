import { after, type TestContext } from 'node:test';
import type { Broker } from '../../framework/connections/broker.ts';
import { sessionLock } from '../../framework/connections/embedded-broker-link.ts';
import { openBroker } from '../../framework/connections/open-broker.ts';
import type { Log } from '../../framework/foundation/log.ts';
import type { PostgresConfig } from '../../framework/project/target-config.ts';
import { embeddedConfig, embeddedProjectDir, scratchPostgres } from './postgres.ts';
import { type ScratchVhost, scratchVhost } from './scratch-vhost.ts';
import { needs } from './services.ts';
import { silentLog } from './warehouse.ts';

/** Where a broker is; plain data, so that another process can open it too. */
export interface BrokerAddress {
  readonly config: { readonly type: 'embedded' } | { readonly type: 'rabbitmq'; readonly url: string };
  readonly postgres: PostgresConfig;
  readonly projectDir: string;
}

/** A broker for tests, shared by all of a file: they use names of their own. */
export interface BrokerPlace {
  readonly address: BrokerAddress;
  /** Ends the connections of all clients, as the server does when it restarts. */
  cut(): Promise<void>;
}

/** Null where the machine has no such broker, and the test is skipped. */
export type FindPlace = (context: TestContext) => Promise<BrokerPlace | null>;

/** Every broker that gccflow has. */
export const brokerPlaces: Readonly<Record<'embedded' | 'rabbitmq', FindPlace>> = { embedded: embeddedPlace, rabbitmq: rabbitmqPlace };

export function openAt({ config, postgres, projectDir }: BrokerAddress, log: Log = silentLog): Promise<Broker> {
  return openBroker(config, { postgres, projectDir, log, signal: new AbortController().signal });
}

const cutSql = `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and classid = ${sessionLock}`;

async function embeddedPlace(): Promise<BrokerPlace> {
  const { postgres } = await scratchPostgres();
  return {
    address: { config: { type: 'embedded' }, postgres: embeddedConfig, projectDir: embeddedProjectDir() },
    cut: async () => {
      await postgres.query(cutSql);
    },
  };
}

let vhost: Promise<ScratchVhost | null> | undefined;

after(async () => {
  await (await vhost)?.[Symbol.asyncDispose]();
});

async function rabbitmqPlace(context: TestContext): Promise<BrokerPlace | null> {
  if (!(await needs('rabbitmq', context))) return null;
  vhost ??= scratchVhost(context);
  const found = await vhost;
  if (found === null) return null;
  return {
    address: { config: { type: 'rabbitmq', url: found.url }, postgres: embeddedConfig, projectDir: embeddedProjectDir() },
    cut: () => found.cutConnections(),
  };
}
