import type { TestContext } from 'node:test';
import type { Broker } from '../../framework/connections/broker.ts';
import { openBroker } from '../../framework/connections/open-broker.ts';
import { openRabbitmq } from './open-rabbitmq.ts';
import { embeddedConfig, embeddedProjectDir } from './postgres.ts';
import { scratchVhost } from './scratch-vhost.ts';
import { silentLog } from './warehouse.ts';

export interface ScratchBroker extends AsyncDisposable {
  readonly broker: Broker;
}

/** A broker of the test's own; null where there is none. */
export type OpenScratch = (context: TestContext) => Promise<ScratchBroker | null>;

/** A broker in a virtual host of the test's own. */
export async function rabbitmqBroker(context: TestContext): Promise<ScratchBroker | null> {
  await using opening = new AsyncDisposableStack();
  const scratch = await scratchVhost(context);
  if (!scratch) return null;
  opening.use(scratch);
  const broker = opening.use(await openRabbitmq(scratch.url));
  const open = opening.move();
  return { broker, [Symbol.asyncDispose]: () => open.disposeAsync() };
}

/** The embedded broker of this test process: its names are everybody's. */
export async function embeddedBroker(): Promise<ScratchBroker> {
  const signal = new AbortController().signal;
  const options = { projectDir: embeddedProjectDir(), postgres: embeddedConfig, log: silentLog, signal };
  const broker = await openBroker({ type: 'embedded' }, options);
  return { broker, [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose]() };
}
