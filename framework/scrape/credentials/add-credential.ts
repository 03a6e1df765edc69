import type { Postgres } from '../../connections/postgres.ts';
import type { CredentialKey } from './credential-keys.ts';
import { insertCredential, takeCredentialId } from './credential-table.ts';
import { type Secrets, sealSecrets } from './sealed-secrets.ts';

/** Stores secrets of a source, encrypted by the first key; gives back the id of the credential. */
export async function addCredential(
  postgres: Postgres,
  { source, secrets, keys }: { readonly source: string; readonly secrets: Secrets; readonly keys: readonly CredentialKey[] },
): Promise<string> {
  const [key] = keys;
  if (key === undefined) throw new Error('no key to encrypt with');
  const id = await takeCredentialId(postgres);
  await insertCredential(postgres, { id, source, sealed: sealSecrets(secrets, { id, source }, key) });
  return id;
}
