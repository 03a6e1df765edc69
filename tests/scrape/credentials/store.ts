import { randomBytes } from 'node:crypto';
import type { Postgres } from '../../../framework/connections/postgres.ts';
import type { Log } from '../../../framework/foundation/log.ts';
import { addCredential } from '../../../framework/scrape/credentials/add-credential.ts';
import { type CredentialKey, parseKey } from '../../../framework/scrape/credentials/credential-keys.ts';
import type { CredentialStore } from '../../../framework/scrape/credentials/credential-store.ts';
import { openCredentials } from '../../../framework/scrape/credentials/open-credentials.ts';
import type { Secrets } from '../../../framework/scrape/credentials/sealed-secrets.ts';
import { scratchPostgres } from '../../support/postgres.ts';
import { silentLog } from '../../support/warehouse.ts';

export const newKey = (): CredentialKey => parseKey(randomBytes(32).toString('base64'), 'a key of a test');

export interface TestCredentials extends AsyncDisposable {
  readonly store: CredentialStore;
  readonly postgres: Postgres;
  readonly keys: readonly CredentialKey[];
  add(source: string, secrets: Secrets): Promise<string>;
  /** The same table as another process sees it. */
  another(keys?: readonly CredentialKey[], log?: Log): Promise<CredentialStore>;
}

let tests = 0;
/** A source that no other test has. */
export const newSource = (): string => `source_${process.pid}_${++tests}`;

export async function testCredentials(keys: readonly CredentialKey[] = [newKey()]): Promise<TestCredentials> {
  await using opening = new AsyncDisposableStack();
  const { postgres } = opening.use(await scratchPostgres());
  const another: TestCredentials['another'] = async (theirs = keys, log = silentLog) =>
    opened.use(await openCredentials(postgres, { keys: async () => theirs, log }));
  const opened = opening.use(new AsyncDisposableStack());
  const store = await another();
  const open = opening.move();
  return {
    store,
    postgres,
    keys,
    add: (source, secrets) => addCredential(postgres, { source, secrets, keys }),
    another,
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}
