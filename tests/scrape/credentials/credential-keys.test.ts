import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadCredentialKeys } from '../../../framework/scrape/credentials/credential-keys.ts';
import { readCredential } from '../../../framework/scrape/credentials/credential-table.ts';
import { rotateCredentials } from '../../../framework/scrape/credentials/reseal.ts';
import { newKey, newSource, testCredentials } from './store.ts';

const server = { type: 'postgres', url: 'postgres://localhost/x' } as const;
const embedded = { type: 'embedded', path: '.gccflow/postgres' } as const;

test('declared keys are taken in their order', async () => {
  const texts = [randomBytes(32).toString('base64'), `${randomBytes(32).toString('base64')}\n`];

  const keys = await loadCredentialKeys({ credential_keys: texts, postgres: server }, '/nowhere');

  assert.deepEqual(
    keys.map(({ bytes }) => bytes.toString('base64')),
    texts.map((text) => text.trim()),
  );
  assert.notEqual(keys[0]?.id, keys[1]?.id);
});

test('a server without a key is an error that says how to make one', async () => {
  await assert.rejects(loadCredentialKeys({ credential_keys: [], postgres: server }, '/nowhere'), {
    code: 'CREDENTIAL_KEY_MISSING',
    hint: /openssl rand -base64 32/,
  });
});

test('a key of another length is an error that does not show it', async () => {
  const bad = ['short', randomBytes(31).toString('base64'), randomBytes(33).toString('base64'), randomBytes(32).toString('hex')];

  for (const text of bad) {
    await assert.rejects(loadCredentialKeys({ credential_keys: [text], postgres: server }, '/nowhere'), (error: Error) => {
      assert.equal((error as Error & { code?: string }).code, 'CREDENTIAL_KEY_INVALID');
      assert.ok(!error.message.includes(text));
      return true;
    });
  }
});

test('beside the embedded PostgreSQL one key is made, for this user alone, however many come at once', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'gccflow-keys-'));
  const load = () => loadCredentialKeys({ credential_keys: [], postgres: embedded }, dir);

  const loaded = await Promise.all(Array.from({ length: 20 }, load));
  const again = await load();

  const path = join(dir, '.gccflow', 'credential.key');
  assert.equal(new Set([...loaded, again].map(([key]) => key?.id)).size, 1);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(join(dir, '.gccflow')), ['credential.key']);
  assert.equal(Buffer.from(readFileSync(path, 'utf8'), 'base64').length, 32);
  writeFileSync(path, 'damaged');
  await assert.rejects(load(), { code: 'CREDENTIAL_KEY_INVALID' });
  rmSync(dir, { recursive: true });
});

test('a rotation encrypts all rows by the first key, and names those that it cannot open', async () => {
  const [lost, older, newer] = [newKey(), newKey(), newKey()];
  await using credentials = await testCredentials([older]);
  await using strangers = await testCredentials([lost]);
  const { postgres, add } = credentials;
  await postgres.query('truncate gccflow.credential');
  const source = newSource();
  const ids = [await add(source, { token: 'a' }), await add(source, { token: 'b' })];
  const unreadable = await strangers.add(source, { token: 'c' });

  const first = await rotateCredentials(postgres, [newer, older]);
  const second = await rotateCredentials(postgres, [newer]);

  assert.deepEqual([first.rotated, first.current], [2, 0]);
  assert.match(first.unreadable[0]?.message ?? '', new RegExp(`Credential ${unreadable} `));
  assert.deepEqual([second.rotated, second.current, second.unreadable.length], [0, 2, 1]);
  assert.equal((await readCredential(postgres, ids[0] ?? ''))?.source, source);
});
