import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { GccflowError } from '../../foundation/error.ts';
import type { CredentialKey } from './credential-keys.ts';

export type Secrets = Readonly<Record<string, string>>;

/** Secrets as the table holds them, all parts in base64. */
export interface SealedSecrets {
  /** Which key opens it. */
  readonly key: string;
  readonly nonce: string;
  readonly tag: string;
  readonly data: string;
}

/** The row that secrets belong to: sealed ones open in no other. */
export interface SecretsOwner {
  readonly id: string;
  readonly source: string;
}

const algorithm = 'aes-256-gcm';
/** What GCM is made for. Random ones may serve some billions of times under one key. */
const nonceBytes = 12;
const tagBytes = 16;

/** Encrypts secrets for one row. */
export function sealSecrets(secrets: Secrets, owner: SecretsOwner, key: CredentialKey): SealedSecrets {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, key.bytes, nonce, { authTagLength: tagBytes }).setAAD(boundTo(owner));
  const data = Buffer.concat([cipher.update(JSON.stringify(secrets), 'utf8'), cipher.final()]);
  return { key: key.id, nonce: nonce.toString('base64'), tag: cipher.getAuthTag().toString('base64'), data: data.toString('base64') };
}

/** Decrypts the secrets of a row. Throws CREDENTIAL_UNREADABLE where no key fits, or where the row is not as it was sealed. */
export function openSecrets(sealed: unknown, owner: SecretsOwner, keys: readonly CredentialKey[]): Secrets {
  if (!isSealed(sealed)) throw unreadable(owner, 'it is not encrypted by gccflow');
  const key = keys.find(({ id }) => id === sealed.key);
  if (key === undefined) throw unreadable(owner, `it is encrypted with the key ${sealed.key}, which is not among the target's`);
  try {
    const decipher = createDecipheriv(algorithm, key.bytes, Buffer.from(sealed.nonce, 'base64'), { authTagLength: tagBytes });
    decipher.setAAD(boundTo(owner)).setAuthTag(Buffer.from(sealed.tag, 'base64'));
    const text = Buffer.concat([decipher.update(Buffer.from(sealed.data, 'base64')), decipher.final()]).toString('utf8');
    return JSON.parse(text) as Secrets;
  } catch {
    // What the library throws tells no more.
    throw unreadable(owner, 'what is encrypted was changed, or belongs to another row');
  }
}

function isSealed(value: unknown): value is SealedSecrets {
  if (typeof value !== 'object' || value === null) return false;
  return ['key', 'nonce', 'tag', 'data'].every((name) => typeof Reflect.get(value, name) === 'string');
}

function boundTo({ id, source }: SecretsOwner): Buffer {
  return Buffer.from(JSON.stringify(['gccflow.credential', id, source]));
}

function unreadable({ id, source }: SecretsOwner, why: string): GccflowError {
  return new GccflowError('CREDENTIAL_UNREADABLE', `Credential ${id} of '${source}' cannot be decrypted: ${why}.`, {
    hint: `Add the key that it was encrypted with to credential_keys, behind the others; or add the credential anew, and disable ${id}.`,
  });
}
