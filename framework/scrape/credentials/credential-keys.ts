import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { GccflowError } from '../../foundation/error.ts';
import type { TargetConfig } from '../../project/target-config.ts';

/** A key that encrypts credentials. */
export interface CredentialKey {
  /** The beginning of its digest, which stands in the rows. */
  readonly id: string;
  /** 32 of them. Never print them. */
  readonly bytes: Buffer;
}

const keyBytes = 32;
const keyFile = 'credential.key';

/**
 * The keys of a target: the first encrypts, all decrypt. Where it declares none, one is kept beside its embedded PostgreSQL, and made when
 * it is missing, for this user's eyes alone. Throws CREDENTIAL_KEY_MISSING where PostgreSQL is a server, and CREDENTIAL_KEY_INVALID.
 */
export async function loadCredentialKeys(
  { credential_keys, postgres }: Pick<TargetConfig, 'credential_keys' | 'postgres'>,
  projectDir: string,
): Promise<readonly CredentialKey[]> {
  if (credential_keys.length > 0) return credential_keys.map((text, index) => parseKey(text, `Number ${index + 1} of credential_keys`));
  if (postgres.type !== 'embedded') {
    throw new GccflowError('CREDENTIAL_KEY_MISSING', 'Credentials are encrypted, and the target declares no key for that.', {
      hint: 'Make one with `openssl rand -base64 32`, put it into the environment, and write credential_keys: [\'{{env "CREDENTIAL_KEY"}}\'] into the target.',
    });
  }
  const path = join(dirname(resolve(projectDir, postgres.path)), keyFile);
  return [parseKey((await readKeyFile(path)) ?? (await makeKeyFile(path)), `The file ${path}`)];
}

/** Throws CREDENTIAL_KEY_INVALID; `name` says which key it is. */
export function parseKey(text: string, name: string): CredentialKey {
  const bytes = Buffer.from(text.trim(), 'base64');
  if (bytes.length !== keyBytes) {
    throw new GccflowError('CREDENTIAL_KEY_INVALID', `${name} is no key: ${keyBytes} bytes in base64 are expected.`, {
      hint: 'Make a key with `openssl rand -base64 32`.',
    });
  }
  return { id: createHash('sha256').update(bytes).digest('hex').slice(0, 12), bytes };
}

async function readKeyFile(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return null;
    throw new GccflowError('FILE_UNREADABLE', `The key of credentials in ${path} cannot be read.`, { cause: thrown });
  }
}

/** Of several processes that come at once one makes it, whole, and the others read that one. */
async function makeKeyFile(path: string): Promise<string> {
  const draft = `${path}.${randomUUID()}`;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(draft, `${randomBytes(keyBytes).toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
  try {
    await link(draft, path);
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST')) throw thrown;
  } finally {
    await rm(draft);
  }
  return readFile(path, 'utf8');
}
