import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openSecrets, sealSecrets } from '../../../framework/scrape/credentials/sealed-secrets.ts';
import { newKey } from './store.ts';

const key = newKey();
const owner = { id: '7', source: 'graphapi' };
const unreadable = { code: 'CREDENTIAL_UNREADABLE', message: /Credential 7 of 'graphapi'/ };

test('secrets open as they were sealed, and are sealed differently each time', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.string({ unit: 'binary' })), (secrets) => {
      const sealed = sealSecrets(secrets, owner, key);

      assert.deepEqual({ ...openSecrets(sealed, owner, [newKey(), key]) }, { ...secrets });
      assert.notDeepEqual(sealSecrets(secrets, owner, key), sealed);
    }),
  );
});

test('what is sealed shows nothing of the secrets', () => {
  const text = JSON.stringify(sealSecrets({ token: 'a secret token' }, owner, key));

  assert.ok(!text.includes('secret') && !Buffer.from(text, 'base64').includes('secret'));
});

test('sealed secrets open in their own row alone', () => {
  const sealed = sealSecrets({ token: 'a' }, owner, key);

  assert.throws(() => openSecrets(sealed, { ...owner, id: '8' }, [key]), { code: 'CREDENTIAL_UNREADABLE' });
  assert.throws(() => openSecrets(sealed, { ...owner, source: 'youtube' }, [key]), { code: 'CREDENTIAL_UNREADABLE' });
});

test('any changed byte, another key and what is no sealed secret are refused, named by the id', () => {
  const sealed = sealSecrets({ token: 'a secret token' }, owner, key);
  const flipped = (part: string): string => {
    const bytes = Buffer.from(part, 'base64');
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    return bytes.toString('base64');
  };

  for (const part of ['nonce', 'tag', 'data'] as const) {
    assert.throws(() => openSecrets({ ...sealed, [part]: flipped(sealed[part]) }, owner, [key]), unreadable);
    assert.throws(() => openSecrets({ ...sealed, [part]: '' }, owner, [key]), unreadable);
  }
  assert.throws(() => openSecrets(sealed, owner, [newKey()]), { ...unreadable, message: new RegExp(`the key ${key.id}`) });
  for (const other of [null, 'text', {}, { token: 'plain' }]) assert.throws(() => openSecrets(other, owner, [key]), unreadable);
});
