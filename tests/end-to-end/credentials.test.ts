import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { migrateSchema } from '../../framework/connections/postgres-schema.ts';
import { type CliRun, type ProjectFolder, projectFolder, runCli } from '../support/cli.ts';
import { embeddedConfig, embeddedProjectDir, scratchPostgres } from '../support/postgres.ts';
import { json, openUpstream, status, tooMany } from '../support/upstream.ts';

const secret = 'EAAB-very-secret-token';
const another = 'EAAB-another-secret-token';

interface Credentials extends AsyncDisposable {
  readonly folder: ProjectFolder;
  readonly query: (sql: string) => Promise<Record<string, unknown>[]>;
  run(args: string, input?: string, env?: Readonly<Record<string, string>>): Promise<CliRun>;
}

/** A project with one API, on the embedded PostgreSQL of this process, whose table of credentials is empty. */
async function credentialProject(url: string, target: Record<string, unknown> = {}): Promise<Credentials> {
  await using opening = new AsyncDisposableStack();
  const { postgres } = opening.use(await scratchPostgres());
  await migrateSchema(postgres);
  await postgres.query('truncate gccflow.credential restart identity');
  const shared = { ...embeddedConfig, path: join(embeddedProjectDir(), embeddedConfig.path) };
  const api = { kind: 'api', name: 'graph', base_url: url, auth: { bearer: '{token}' }, credentials: { source: 'graphapi' } };
  const folder = opening.use(
    projectFolder({
      'project.yaml': JSON.stringify({ name: 'credentials', targets: { dev: { postgres: shared, ...target } } }),
      'sources/graph.yaml': JSON.stringify(api),
    }),
  );
  const open = opening.move();
  return {
    folder,
    query: (sql) => postgres.query(sql),
    run: (args, input, env = {}) =>
      runCli(['credentials', ...args.split(' ')], { cwd: folder.dir, env, ...(input !== undefined && { input }) }),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

/** Secrets are in nothing that is printed, kept in the project, or stored. */
async function requireNoSecret({ folder, query }: Credentials, ...runs: readonly CliRun[]): Promise<void> {
  const rows = await query('select * from gccflow.credential');
  const files = readdirSync(folder.dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
  for (const text of [JSON.stringify(runs), JSON.stringify(rows), ...files]) {
    assert.ok(!text.includes(secret) && !text.includes(another), text);
  }
}

test('credentials are added from stdin and the environment, listed, disabled, enabled and removed, and never shown', async () => {
  await using project = await credentialProject('http://127.0.0.1:1');
  const { run } = project;

  const none = await run('ls');
  const first = await run('add graphapi', JSON.stringify({ token: secret }));
  const second = await run('add graphapi --json --env token=GRAPH_TOKEN', undefined, { GRAPH_TOKEN: another });
  const other = await run('add youtube', `# from the store\n\ntoken = ${secret}==\n`);
  const misspelt = await run('add graphapy', `token = ${secret}`);
  const disabled = await run('disable 1 --reason renewed');
  await project.query(`update gccflow.credential set disabled_till = now() + interval '1 hour', reason = 'HTTP 429' where id = 2`);
  const listed = await run('ls');
  const listedJson = await run('ls graphapi --json');
  const enabled = await run('enable 1 2');
  const after = await run('ls --json');
  const removed = await run('rm 4');
  const left = await run('ls --json');

  assert.match(none.stderr, /There are no credentials/);
  assert.equal(first.stdout, "credential 1 of 'graphapi' added\n", first.stderr);
  assert.deepEqual(JSON.parse(second.stdout), { id: '2', source: 'graphapi' });
  assert.match(other.stderr, /No API of the project uses credentials of 'youtube'/);
  assert.match(misspelt.stderr, /'graphapy'\. Did you mean 'graphapi'\?/);
  assert.equal(disabled.stdout, 'credential 1 disabled\n');
  assert.match(listed.stdout, /1 {2}graphapi {2}disabled {2}– +renewed/);
  assert.match(listed.stdout, /2 {2}graphapi {2}resting +\d{4}-\S+Z +HTTP 429/);
  assert.match(listed.stdout, /3 {2}youtube +usable +– +–/);
  assert.deepEqual(
    JSON.parse(listedJson.stdout).map(({ id, state, reason }: Record<string, unknown>) => [id, state, reason]),
    [
      ['1', 'disabled', 'renewed'],
      ['2', 'resting', 'HTTP 429'],
    ],
  );
  assert.equal(enabled.stdout, 'credential 1 enabled\ncredential 2 enabled\n');
  assert.deepEqual(
    JSON.parse(after.stdout).map(({ state }: Record<string, unknown>) => state),
    ['usable', 'usable', 'usable', 'usable'],
  );
  assert.equal(removed.stdout, 'credential 4 removed\n');
  assert.deepEqual(
    JSON.parse(left.stdout).map(({ id }: Record<string, unknown>) => id),
    ['1', '2', '3'],
  );
  assert.equal(statSync(join(embeddedProjectDir(), 'credential.key')).mode & 0o777, 0o600);
  await requireNoSecret(project, none, first, second, other, disabled, listed, listedJson, enabled, after);
});

test('secrets that cannot be are refused without being shown', async () => {
  await using project = await credentialProject('http://127.0.0.1:1');
  const { run } = project;

  const runs = [
    await run('add graphapi', ''),
    await run('add graphapi', `{"token": ${secret}}`),
    await run('add graphapi', `{"token": {"a":"${secret}"}}`),
    await run('add graphapi', secret),
    await run('add graphapi', `${secret}=x`),
    await run('add graphapi', `tokn=${secret}`),
    await run('add graphapi --env token=GRAPH_TOKEN'),
    await run(`add graphapi --env ${secret}`),
  ];

  for (const { exitCode, stderr } of runs) {
    assert.equal(exitCode, 2, stderr);
    assert.match(stderr, /\[USAGE\]/);
  }
  assert.match(runs[5]?.stderr ?? '', /The API 'graph' shows 'token'/);
  assert.match(runs[6]?.stderr ?? '', /'GRAPH_TOKEN' of the environment is not set/);
  await requireNoSecret({ ...project, query: async () => [] }, ...runs);
});

test('a credential that is not there is named', async () => {
  await using project = await credentialProject('http://127.0.0.1:1');
  const { run } = project;

  const missing = await Promise.all([run('enable 99'), run('disable 99'), run('rm 99'), run('test 99'), run('test grafapi')]);
  const wrong = await run('enable graphapi');

  for (const { exitCode, stderr } of missing) {
    assert.equal(exitCode, 1);
    assert.match(stderr, /\[CREDENTIAL_NOT_FOUND\].*(99|'grafapi')/);
  }
  assert.equal(wrong.exitCode, 2);
});

test('a test says what the provider makes of each credential, and changes nothing', async () => {
  await using upstream = await openUpstream();
  await using project = await credentialProject(upstream.url);
  const { run } = project;
  await run('add graphapi', `token=${secret}`);
  await run('add graphapi', `token=${another}`);
  upstream.on('GET /me', (response, arrival) =>
    arrival.credential === secret
      ? json({ id: 1 })(response, arrival)
      : json({ error: { message: `Session of ${another} has expired` } }, 401)(response, arrival),
  );

  const tested = await run('test graphapi --path /me');
  const good = await run('test 1 --path /me --json');
  upstream.on('GET /', status(404));
  const unclear = await run('test 1');
  upstream.on('GET /', tooMany(60));
  const limited = await run('test 1 --api graph');
  await project.query(`update gccflow.credential set disabled_till = now() + interval '1 hour'`);
  const resting = await run('test graphapi --json');
  const listed = await run('ls --json');

  assert.equal(tested.exitCode, 1);
  assert.match(tested.stdout, /1 {2}graphapi {2}graph {2}accepted {2}HTTP 200/);
  assert.match(tested.stdout, /2 {2}graphapi {2}graph {2}refused +HTTP 401: Session of \*\*\* has expired/);
  assert.equal(good.exitCode, 0);
  assert.deepEqual(JSON.parse(good.stdout), [{ id: '1', source: 'graphapi', api: 'graph', outcome: 'accepted', told: 'HTTP 200' }]);
  assert.match(unclear.stdout, /unclear +HTTP 404/);
  assert.match(limited.stdout, /limited +HTTP 429/);
  assert.deepEqual(
    JSON.parse(resting.stdout).map(({ outcome }: Record<string, unknown>) => outcome),
    ['resting', 'resting'],
  );
  assert.deepEqual(
    JSON.parse(listed.stdout).map(({ enabled }: Record<string, unknown>) => enabled),
    [true, true],
  );
  await requireNoSecret(project, tested, good, unclear, limited, resting);
});

test('keys are changed by a rotation; a lost one is named with the credential', async () => {
  const [older, newer] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];
  await using project = await credentialProject('http://127.0.0.1:1', { credential_keys: ['{{env "KEY_1"}}', '{{env "KEY_2"}}'] });
  const { run } = project;
  await run('add graphapi', `token=${secret}`, { KEY_1: older, KEY_2: older });

  const rotated = await run('rotate', undefined, { KEY_1: newer, KEY_2: older });
  const again = await run('rotate --json', undefined, { KEY_1: newer, KEY_2: newer });
  const lost = await run('rotate', undefined, { KEY_1: older, KEY_2: older });
  const unreadable = await run('ls', undefined, { KEY_1: older, KEY_2: older });
  const bad = await run('ls', undefined, { KEY_1: 'c2hvcnQ', KEY_2: older });

  assert.equal(rotated.stdout, '1 encrypted anew, 0 were so already\n', rotated.stderr);
  assert.deepEqual(JSON.parse(again.stdout), { rotated: 0, current: 1, unreadable: [] });
  assert.equal(lost.exitCode, 1);
  assert.match(lost.stderr, /\[CREDENTIAL_UNREADABLE\].*Credential 1 of 'graphapi'/);
  assert.match(unreadable.stdout, /unreadable/);
  assert.match(bad.stderr, /\[CREDENTIAL_KEY_INVALID\].*Number 1 of credential_keys/);
  assert.ok(!bad.stderr.includes('c2hvcnQ'));
  await requireNoSecret(project, rotated, again, lost, unreadable);
});
