import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { serveWarehouse } from '../../framework/connections/serve-warehouse.ts';
import { silentLog } from '../support/warehouse.ts';

const script = new URL('../support/hold-warehouse.ts', import.meta.url).pathname;

test('a directory that another process holds is refused, with its holder and how to share it', async () => {
  await using dir = await scratchDir();
  await using holder = await startProcess('open', dir.path);

  const refused = await opening(dir.path);

  assert.equal(refused.code, 'WAREHOUSE_HELD');
  assert.match(refused.message, new RegExp(`is held by process ${holder.pid}\\.$`));
  assert.match(refused.hint, /gccflow warehouse serve/);
});

test('rows acknowledged before kill -9 are there when the directory opens again', async () => {
  await using dir = await scratchDir();
  const first = await startProcess('open', dir.path);
  await first.run('create table dbt.t (a UInt64) engine = MergeTree order by a');
  await first.run('insert into dbt.t select number from numbers(100000)');

  await first.kill('SIGKILL');
  await using second = await startProcess('open', dir.path);
  const answer = await second.run('select throwIf(count() != 100000) from dbt.t');

  assert.equal(answer.error, undefined);
});

test('what a killed process left on its way into the engine is swept', async () => {
  await using dir = await scratchDir();
  const spool = join(dir.path, 'warehouse.spool');
  const first = await startProcess('open', dir.path);
  const [left] = await readdir(spool);

  await first.kill('SIGKILL');
  await using _second = await startProcess('open', dir.path);

  assert.ok(left !== undefined && !(await readdir(spool)).includes(left));
});

test('a warehouse that is served is found and shared by its file', async () => {
  await using dir = await scratchDir();
  await using served = await startProcess('serve', dir.path);
  await using one = await startProcess('open', dir.path);
  await using other = await startProcess('open', dir.path);

  await one.run('create table dbt.t (a UInt64) engine = MergeTree order by a');
  const answer = await other.run('insert into dbt.t values (1)');

  assert.match(String(one.said.location), new RegExp(`^${served.said.url} \\(gccflow warehouse serve, process ${served.pid}\\)$`));
  assert.equal(answer.writtenRows, 1);
});

test("the endpoint's file can be read by its owner only and goes with the serving", async () => {
  await using dir = await scratchDir();
  const file = join(dir.path, 'warehouse.endpoint.json');
  const config = { type: 'embedded', path: 'warehouse', database: 'dbt' } as const;
  const stopping = new AbortController();

  const served = await serveWarehouse(config, { projectDir: dir.path, log: silentLog, signal: stopping.signal });
  const { mode } = await stat(file);
  const { password } = JSON.parse(await readFile(file, 'utf8')) as { password: string };
  stopping.abort();
  await served.closed;

  assert.equal(mode & 0o777, 0o600);
  assert.ok(password.length >= 32);
  assert.equal(existsSync(file), false);
});

for (const [what, pid] of [
  ['whose process is gone', 2 ** 22 + 1],
  ['whose process number another has', process.pid],
] as const) {
  test(`an endpoint file ${what} is removed and the directory opened`, async () => {
    await using dir = await scratchDir();
    const file = join(dir.path, 'warehouse.endpoint.json');
    await writeFile(file, JSON.stringify({ url: 'http://127.0.0.1:1', user: 'default', password: 'x', pid }));

    await using opened = await startProcess('open', dir.path);

    assert.equal(opened.said.location, 'warehouse');
    assert.equal(existsSync(file), false);
  });
}

test('an endpoint file that is torn is removed and the directory opened', async () => {
  await using dir = await scratchDir();
  await writeFile(join(dir.path, 'warehouse.endpoint.json'), '{"url": "http:');

  await using opened = await startProcess('open', dir.path);

  assert.equal(opened.said.location, 'warehouse');
});

test('a missing chdb is named with the command that installs it', async () => {
  await using dir = await scratchDir();
  const hide = `import { registerHooks } from 'node:module';
    registerHooks({ resolve(name, context, next) { if (name === 'chdb') throw new Error("Cannot find package 'chdb'"); return next(name, context); } });`;

  const refused = await opening(dir.path, ['--import', `data:text/javascript,${encodeURIComponent(hide)}`]);

  assert.equal(refused.code, 'DEPENDENCY_MISSING');
  assert.match(refused.hint, /npm install chdb/);
});

test('a folder that cannot be a data directory is named', async () => {
  await using dir = await scratchDir();
  await writeFile(join(dir.path, 'warehouse'), 'a file');

  const refused = await opening(dir.path);

  assert.equal(refused.code, 'WAREHOUSE_UNREACHABLE');
  assert.match(refused.message, /warehouse' does not open \(EEXIST\)/);
});

async function scratchDir(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'gccflow-held-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

interface HoldingProcess extends AsyncDisposable {
  readonly pid: number | undefined;
  /** What it said when it was open. */
  readonly said: Record<string, unknown>;
  run(sql: string): Promise<Record<string, unknown>>;
  kill(signal: NodeJS.Signals): Promise<void>;
}

async function startProcess(mode: 'open' | 'serve', dir: string): Promise<HoldingProcess> {
  const child = spawn(process.execPath, [script, mode, dir], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async () => JSON.parse((await lines.next()).value ?? '{}') as Record<string, unknown>;
  const said = await read();
  const kill = (signal: NodeJS.Signals): Promise<void> => end(child, signal);
  return {
    pid: child.pid,
    said,
    kill,
    run: async (sql) => {
      child.stdin.write(`${sql}\n`);
      return read();
    },
    [Symbol.asyncDispose]: () => kill('SIGKILL'),
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

/** Opens the warehouse in a process of its own, which fails, and gives back the error. */
async function opening(dir: string, args: readonly string[] = []): Promise<{ code: string; message: string; hint: string }> {
  const source = `import { openWarehouse } from ${JSON.stringify(new URL('../../framework/connections/open-warehouse.ts', import.meta.url).href)};
    const log = { debug() {}, info() {}, warn() {}, error() {}, child() { return this; } };
    await openWarehouse({ type: 'embedded', path: 'warehouse', database: 'dbt' }, { projectDir: process.argv[1], sessions: 1, log })
      .then(() => console.log('{}'), ({ code, message, hint }) => console.log(JSON.stringify({ code, message, hint })));`;
  const child = spawn(process.execPath, [...args, '--input-type=module', '--eval', source, dir], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [line = '{}'] = await createInterface({ input: child.stdout })
    [Symbol.asyncIterator]()
    .next()
    .then(({ value }) => [value as string]);
  await end(child, 'SIGKILL');
  return JSON.parse(line) as { code: string; message: string; hint: string };
}
