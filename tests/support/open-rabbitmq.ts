import type { Broker } from '../../framework/connections/broker.ts';
import { openBroker } from '../../framework/connections/open-broker.ts';
import type { Log } from '../../framework/foundation/log.ts';
import { silentLog } from './warehouse.ts';

/** Opens the RabbitMQ of a URL, until the signal where one is given. */
export function openRabbitmq(
  url: string,
  { log = silentLog, signal = new AbortController().signal }: { readonly log?: Log; readonly signal?: AbortSignal } = {},
): Promise<Broker> {
  const postgres = { type: 'embedded', path: '' } as const; // of the embedded broker alone
  return openBroker({ type: 'rabbitmq', url }, { projectDir: '/', postgres, log, signal });
}
