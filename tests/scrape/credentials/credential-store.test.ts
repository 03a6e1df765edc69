import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CredentialStore } from '../../../framework/scrape/credentials/credential-store.ts';
import { disableCredential, enableCredential, readCredential } from '../../../framework/scrape/credentials/credential-table.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { until } from '../../support/until.ts';
import { newKey, newSource, testCredentials } from './store.ts';

const idsOf = (credentials: readonly { readonly id: string }[]): string[] => credentials.map(({ id }) => id).sort();

test('the credentials of a source are usable, in random order, with their secrets', async () => {
  await using credentials = await testCredentials();
  const { store, add } = credentials;
  const source = newSource();
  const ids: string[] = [];
  for (const token of ['a', 'b', 'c', 'd']) ids.push(await add(source, { token, extra: `${token} €` }));
  await add(newSource(), { token: 'other' });

  const usable = await store.usable(source);
  const orders = new Set<string>();
  for (let time = 0; time < 200; time++) orders.add((await store.usable(source)).map(({ id }) => id).join());

  assert.deepEqual(idsOf(usable), ids.sort());
  assert.deepEqual(usable.find(({ id }) => id === ids[0])?.secrets, { token: 'a', extra: 'a €' });
  assert.ok(orders.size > 10, `${orders.size} orders`);
  assert.deepEqual(await store.usable(newSource()), []);
});

test('one that is disabled for a time comes back by time alone, by the clock of PostgreSQL', async () => {
  await using credentials = await testCredentials();
  const { store, postgres, add } = credentials;
  const source = newSource();
  const id = await add(source, { token: 'a' });
  const other = await credentials.another();

  await store.disableFor(id, 3_600_000, 'HTTP 429');
  const atOnce = await store.usable(source);
  const elsewhere = await (await credentials.another()).usable(source);
  const nextMs = (await store.nextUsableInMs(source)) ?? 0;
  await postgres.query(`update gccflow.credential set disabled_till = now() - interval '1 second' where id = $1`, [id]);

  assert.deepEqual([atOnce, elsewhere], [[], []]);
  assert.ok(nextMs > 3_500_000 && nextMs <= 3_600_000, String(nextMs));
  await until(async () => (await store.usable(source)).length === 1);
  await until(async () => (await other.usable(source)).length === 1);
  assert.equal(await store.nextUsableInMs(source), 0);
});

test('one that is disabled does not come back by time, and does when somebody enables it', async () => {
  await using credentials = await testCredentials();
  const { store, postgres, add } = credentials;
  const source = newSource();
  const id = await add(source, { token: 'a' });

  await store.disable(id, 'HTTP 401');
  await store.disable(id, 'HTTP 403');
  await store.disableFor(id, 1, 'HTTP 429');
  await postgres.query(`update gccflow.credential set disabled_till = now() - interval '1 day' where id = $1`, [id]);

  assert.deepEqual(await store.usable(source), []);
  assert.equal(await store.nextUsableInMs(source), null);
  assert.deepEqual(await (await credentials.another()).usable(source), []);
  assert.equal((await readCredential(postgres, id))?.reason, 'HTTP 401');
  assert.ok(await enableCredential(postgres, id));
  await until(async () => (await store.usable(source)).length === 1);
  assert.equal((await readCredential(postgres, id))?.reason, null);
});

test('of several disablings the longest holds, whoever says it first', async () => {
  await using credentials = await testCredentials();
  const { store, postgres, add } = credentials;
  const source = newSource();
  const id = await add(source, { token: 'a' });
  const other = await credentials.another();

  await other.disableFor(id, 600_000, 'long');
  await store.disableFor(id, 60_000, 'short');
  const row = await readCredential(postgres, id);

  assert.ok((row?.rest_ms ?? 0) > 500_000);
  assert.equal(row?.reason, 'long');
});

test('answers that tell the same at once make one disabling', async () => {
  await using credentials = await testCredentials();
  const { postgres, add } = credentials;
  const id = await add(newSource(), { token: 'a' });
  const log = recordingLog();
  const store = await credentials.another(credentials.keys, log);

  await Promise.all(Array.from({ length: 20 }, () => store.disableFor(id, 30_000, 'HTTP 429')));

  assert.deepEqual(log.messages(), ['credential disabled for a time']);
  assert.ok(((await readCredential(postgres, id))?.rest_ms ?? 0) > 20_000);
});

test('a disabling that cannot be stored is kept to by this process, and told', async () => {
  await using credentials = await testCredentials();
  const { postgres, add } = credentials;
  const source = newSource();
  const id = await add(source, { token: 'a' });
  const log = recordingLog();
  const store = await credentials.another(credentials.keys, log);
  await store.usable(source);

  await postgres.query('alter table gccflow.credential rename to credential_away');
  await store.disableFor(id, 3_600_000, 'HTTP 429');
  await postgres.query('alter table gccflow.credential_away rename to credential');

  assert.deepEqual(await store.usable(source), []);
  assert.deepEqual(log.messages('error'), ['disabling of a credential not stored']);
});

test('one that cannot be decrypted is passed over and named; where none can, that is the error', async () => {
  await using credentials = await testCredentials();
  const { postgres, add } = credentials;
  const source = newSource();
  const damaged = await add(source, { token: 'a' });
  const sound = await add(source, { token: 'b' });
  const log = recordingLog();
  await postgres.query(`update gccflow.credential set credentials = credentials || '{"tag":"AAAAAAAAAAAAAAAAAAAAAA=="}' where id = $1`, [
    damaged,
  ]);

  assert.deepEqual(idsOf(await (await credentials.another(credentials.keys, log)).usable(source)), [sound]);
  assert.match(String(log.lines[0]?.fields.message), new RegExp(`Credential ${damaged} of '${source}' cannot be decrypted`));
  await disableCredential(postgres, sound, 'for the test');
  await assert.rejects((await credentials.another()).usable(source), { code: 'CREDENTIAL_UNREADABLE' });
});

test('a row under an older key is encrypted anew when it is used', async () => {
  const [older, newer] = [newKey(), newKey()];
  await using credentials = await testCredentials([older]);
  const { postgres, add } = credentials;
  const source = newSource();
  const id = await add(source, { token: 'a' });

  const [opened] = await (await credentials.another([newer, older])).usable(source);
  const [afterwards] = await (await credentials.another([newer])).usable(source);

  assert.deepEqual([opened?.secrets, afterwards?.secrets], [{ token: 'a' }, { token: 'a' }]);
  await assert.rejects((await credentials.another([older])).usable(source), {
    code: 'CREDENTIAL_UNREADABLE',
    message: new RegExp(`Credential ${id} .*the key ${newer.id}`),
  });
  assert.equal((await readCredential(postgres, id))?.enabled, true);
});

test('what is refused to a credential counts in all processes together, and nothing before it was accepted', async () => {
  await using credentials = await testCredentials();
  const source = newSource();
  const id = await credentials.add(source, { token: 'a' });
  const stores = [credentials.store, await credentials.another(), await credentials.another(), await credentials.another()];
  const [first, second, third, fourth] = stores as [CredentialStore, CredentialStore, CredentialStore, CredentialStore];
  const passTime = () => credentials.postgres.query(`update gccflow.credential set refused_since = refused_since - interval '1 minute'`);
  await Promise.all(stores.map((store) => store.usable(source)));

  const before = [await first.refused(id, '/a'), await second.refused(id, '/b')];
  await passTime();
  const same = await third.refused(id, '/b');
  const hearing = await credentials.another();
  await hearing.usable(source);
  await hearing.accepted(id);
  const anew = [await first.refused(id, '/a'), await second.refused(id, '/b'), await third.refused(id, '/c')];
  await passTime();
  const last = await fourth.refused(id, '/d');

  assert.deepEqual([before, same, anew, last], [[false, false], false, [false, false, false], true]);
});

test('refusals of before are forgotten when somebody enables the credential', async () => {
  await using credentials = await testCredentials();
  const source = newSource();
  const id = await credentials.add(source, { token: 'a' });
  const refusals = [];
  for (const resource of ['/a', '/b', '/c']) refusals.push(await credentials.store.refused(id, resource));
  await credentials.store.disable(id, 'HTTP 403');

  await enableCredential(credentials.postgres, id);
  await until(async () => (await credentials.store.usable(source)).length === 1);

  assert.deepEqual([...refusals, await credentials.store.refused(id, '/d')], [false, false, true, false]);
});
