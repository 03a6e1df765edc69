import type { Postgres, PostgresQueries } from '../../connections/postgres.ts';
import { GccflowError } from '../../foundation/error.ts';
import type { CredentialKey } from './credential-keys.ts';
import { type CredentialRow, readCredentials, replaceSealed } from './credential-table.ts';
import { openSecrets, type SealedSecrets, type Secrets, sealSecrets } from './sealed-secrets.ts';

/** The secrets of a row, which is encrypted anew where an older key than the first did it. Throws CREDENTIAL_UNREADABLE. */
export async function openRow(queries: PostgresQueries, row: CredentialRow, keys: readonly CredentialKey[]): Promise<Secrets> {
  const secrets = openSecrets(row.credentials, row, keys);
  await reseal(queries, row, secrets, keys);
  return secrets;
}

export interface Rotation {
  /** Rows that were encrypted by an older key. */
  readonly rotated: number;
  readonly current: number;
  readonly unreadable: readonly GccflowError[];
}

/** Encrypts all rows by the first key that are not so already, the disabled ones too. */
export async function rotateCredentials(postgres: Postgres, keys: readonly CredentialKey[]): Promise<Rotation> {
  const unreadable: GccflowError[] = [];
  let rotated = 0;
  const rows = await readCredentials(postgres, null);
  for (const row of rows) {
    try {
      if (await reseal(postgres, row, openSecrets(row.credentials, row, keys), keys)) rotated++;
    } catch (thrown) {
      if (!(thrown instanceof GccflowError && thrown.code === 'CREDENTIAL_UNREADABLE')) throw thrown;
      unreadable.push(thrown);
    }
  }
  return { rotated, current: rows.length - rotated - unreadable.length, unreadable };
}

/** Whether there was something to do. */
async function reseal(queries: PostgresQueries, row: CredentialRow, secrets: Secrets, keys: readonly CredentialKey[]): Promise<boolean> {
  const [first] = keys;
  const sealed = row.credentials as SealedSecrets;
  if (first === undefined || sealed.key === first.id) return false;
  await replaceSealed(queries, row.id, sealed, sealSecrets(secrets, row, first));
  return true;
}
