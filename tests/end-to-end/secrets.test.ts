import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { openPostgres } from '../../framework/connections/open-postgres.ts';
import { type CliRun, type ProjectFolder, projectFolder, runCli, startCli } from '../support/cli.ts';
import { scratchBucket } from '../support/objects.ts';
import { needs } from '../support/services.ts';
import { silentLog } from '../support/warehouse.ts';

const token = 'hush/hush of an "API"';

/** Models, a test and a sync whose SQL holds a secret, or whose failure tells one. */
const files = {
  'project.yaml': `name: secrets
targets:
  dev: {}
  prod:
    warehouse: { type: clickhouse, url: '{{env "CLICKHOUSE_URL"}}' }
    postgres: { type: postgres, url: '{{env "POSTGRES_URL"}}' }
    objects:
      type: s3
      bucket: scratch
      endpoint: '{{env "S3_ENDPOINT"}}'
      access_key_id: '{{env "S3_ID"}}'
      secret_access_key: '{{env "S3_KEY"}}'
`,
  'models/number.sql': `{{config materialized="table"}}\nselect number as id, length('{{env "API_TOKEN"}}') as length from numbers(500000)\n`,
  'models/grown.sql': `{{config materialized="incremental" incremental_strategy="delete_insert" unique_key="id" order_by="id"}}\nselect id from {{ref "number"}} where '{{env "API_TOKEN"}}' != ''\n`,
  'models/slow.sql': `{{config materialized="table" tags="slow" query_settings=(map max_block_size=1)}}\nselect sleepEachRow(0.1) as slept, '{{env "API_TOKEN"}}' != '' as b from numbers(10)\n`,
  'models/thrown.sql': `{{config materialized="table" tags="wrong"}}\nselect throwIf(number = 3, 'there is no access with {{env "API_TOKEN"}}') as a from numbers(9)\n`,
  'models/misspelt.sql': `{{config materialized="table" tags="wrong"}}\nselect lenght('{{env "API_TOKEN"}}') as a\n`,
  'models/hooked.sql': `{{config materialized="table" tags="wrong" post_hook="system reload function '{{env \\"API_TOKEN\\"}}'"}}\nselect 1 as a\n`,
  'tests/data/none.sql': `select id from {{ref "number"}} where '{{env "API_TOKEN"}}' = ''\n`,
  'tests/data/all.sql': `{{config tags=(list "wrong") severity="warn" store_failures=true}}\nselect id from {{ref "number"}} where '{{env "API_TOKEN"}}' != ''\n`,
  'sinks/number.yaml': 'kind: sync\nname: to_number\nfrom: number\nto: { table: number }\nprimary_key: id\n',
  'sinks/doubled.yaml': 'kind: sync\nname: to_doubled\nfrom: number\nto: { table: doubled }\nprimary_key: length\ntags: [wrong]\n',
};

interface Endpoint {
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

const readEndpoint = ({ dir }: ProjectFolder): Endpoint =>
  JSON.parse(readFileSync(join(dir, '.gccflow/warehouse.endpoint.json'), 'utf8')) as Endpoint;

/** Serves the project's own warehouse, which is the server of its target prod, until disposed. */
async function serve({ dir }: ProjectFolder): Promise<AsyncDisposable & { readonly seen: () => Promise<CliRun> }> {
  const none = { CLICKHOUSE_URL: '', POSTGRES_URL: '', S3_ENDPOINT: '', S3_ID: '', S3_KEY: '', API_TOKEN: token };
  const { child, ended } = startCli(['warehouse', 'serve', '--log-level', 'debug'], { cwd: dir, env: none });
  await Promise.race([once(child.stdout ?? assert.fail(), 'data'), ended.then(({ stderr }) => assert.fail(stderr))]);
  const stop = (): Promise<CliRun> => {
    child.kill('SIGTERM');
    return ended;
  };
  return { seen: stop, [Symbol.asyncDispose]: async () => void (await stop()) };
}

/** A role with a password and a database of its own. */
async function scratchRole(password: string): Promise<{ readonly url: string } & AsyncDisposable> {
  const admin = await openPostgres(
    { type: 'postgres', url: 'postgres://postgres@127.0.0.1:5432/postgres' },
    { projectDir: '/', maxConnections: 1, log: silentLog },
  );
  const name = `secrets_${randomUUID().slice(0, 8)}`;
  await admin.query(`create role ${name} login password '${password}'`);
  await admin.query(`create database ${name} owner ${name}`);
  return {
    url: `postgres://${name}:${encodeURIComponent(password)}@127.0.0.1:5432/${name}`,
    async [Symbol.asyncDispose]() {
      await admin.query(`drop database ${name} with (force)`);
      await admin.query(`drop role ${name}`);
      await admin[Symbol.asyncDispose]();
    },
  };
}

async function ask({ url, user, password }: Endpoint, sql: string): Promise<string> {
  const answer = await fetch(url, { method: 'POST', headers: { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': password }, body: sql });
  return answer.text();
}

/** What is seen of statements and of processes while others work, until the signal. */
async function lookAround(endpoint: Endpoint, until: AbortSignal): Promise<{ readonly queries: string; readonly processes: string }> {
  let [queries, processes] = ['', ''];
  while (!until.aborted) {
    queries += await ask(endpoint, `select *, 'own look' from system.processes where query not like '%own look%' format JSONEachRow`);
    processes += spawnSync('ps', ['-A', '-o', 'args='], { encoding: 'utf8' }).stdout;
    await pause(50);
  }
  return { queries, processes };
}

/** Every form in which a secret could stand somewhere; its beginning too, as long texts are cut. */
function formsOf(secret: string): string[] {
  return [
    secret,
    secret.slice(0, 10),
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString('base64'),
  ];
}

/** What was found where, to be searched. */
type Found = readonly (readonly [place: string, text: string])[];

function filesBelow(folder: string): Found {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return entries.map(({ parentPath, name }) => {
    const path = join(parentPath, name);
    return [path, readFileSync(path, 'latin1')];
  });
}

const isPrivate = (path: string): boolean => (statSync(path).mode & 0o077) === 0;

test('no secret of a target or of SQL is printed, logged, written, or seen among processes and queries', async (context) => {
  if (!(await needs('postgres', context))) return;
  using project = projectFolder(files);
  await using bucket = await scratchBucket({ secret: 's3+secret/of us' });
  await using role = await scratchRole('post/gr:es of me');
  await using served = await serve(project);
  const endpoint = readEndpoint(project);
  const env = {
    API_TOKEN: token,
    CLICKHOUSE_URL: endpoint.url.replace('//', `//${endpoint.user}:${endpoint.password}@`),
    POSTGRES_URL: role.url,
    S3_ENDPOINT: bucket.config.endpoint ?? '',
    S3_ID: bucket.config.access_key_id ?? '',
    S3_KEY: 's3+secret/of us',
  };
  const secrets = [token, endpoint.password, `${endpoint.user}:${endpoint.password}`, 'post/gr:es of me', env.S3_KEY];
  const options = { cwd: project.dir, env };
  const found: Found[number][] = [];
  const run = async (...args: string[]): Promise<number | null> => {
    const { stdout, stderr, exitCode } = await runCli([...args, '-t', 'prod'], options);
    found.push([`stdout of ${args.join(' ')}`, stdout], [`stderr of ${args.join(' ')}`, stderr]);
    return exitCode;
  };

  const looking = new AbortController();
  const looks = lookAround(endpoint, looking.signal);
  const ends = [
    await run('build', '--exclude', 'tag:wrong'),
    await run('build', '--log-level', 'debug'),
    await run('build', '--log-format', 'json', '--log-level', 'debug'),
    await run('run', '--json', '-s', 'tag:wrong'),
    await run('retry', '--log-level', 'debug'),
    await run('sync', '-s', 'to_number', '--log-level', 'debug'),
    await run('sync', '-s', 'to_doubled', '--log-level', 'debug', '--log-format', 'json'),
    await run('test', '--json'),
    await run('plan', '--json'),
    await run('plan'),
    await run('compile'),
    await run('ls', '--json'),
    await run('debug', '--json'),
    await run('show', 'number', '--log-level', 'debug'),
    await run('show', '--inline', `select lenght('{{env "API_TOKEN"}}')`),
    await run('rollback', 'number', '--log-level', 'debug'),
  ];
  looking.abort();
  const { queries, processes } = await looks;
  found.push(['system.processes', queries.replaceAll(JSON.stringify(token).slice(1, -1), '')]); // a statement shows as it runs
  found.push(['ps', processes]);
  found.push(['ledger', await ask(endpoint, 'select * from _gccflow.publications format JSONEachRow')]);
  found.push(['tables', await ask(endpoint, `select * from system.tables where database in ('dbt', '_gccflow') format JSONEachRow`)]);
  const { stdout: servedOut, stderr: servedErr } = await served.seen();
  found.push(['stdout of serve', servedOut], ['stderr of serve', servedErr]);
  found.push(...filesBelow(join(project.dir, 'target')));
  found.push(...filesBelow(join(project.dir, '.gccflow')).filter(([path]) => !isPrivate(path)));

  const leaks = found.flatMap(([place, text]) =>
    secrets.flatMap(formsOf).flatMap((form) => (text.includes(form) ? [`${place}: ${around(text, form)}`] : [])),
  );
  assert.deepEqual(leaks, []);
  assert.deepEqual(ends, [0, 1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
  assert.match(queries, /INSERT INTO FUNCTION s3\(/); // it was looked at while secrets were about
  assert.match(queries, /sleepEachRow/);
  assert.match(processes, /gccflow\.mjs build/);
});

function around(text: string, form: string): string {
  const at = text.indexOf(form);
  return text.slice(Math.max(0, at - 200), at + 100);
}
