import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { commands } from '../../framework/cli/commands/index.ts';
import { projectFolder, runCli, smallProject } from '../support/cli.ts';

const cwd = import.meta.dirname;

test('--help lists every command', async () => {
  const { exitCode, stdout, stderr } = await runCli(['--help'], { cwd });

  assert.equal(exitCode, 0);
  assert.equal(stderr, '');
  for (const { name, summary } of commands.values()) assert.match(stdout, new RegExp(`^  ${name} +${RegExp.escape(summary)}$`, 'm'));
});

test('every command explains itself with examples that parse', async () => {
  for (const entry of commands.values()) {
    const command = await entry.load();

    assert.deepEqual([command.name, command.summary], [entry.name, entry.summary]);
    assert.ok(command.examples.length > 0);
    for (const { command: example } of command.examples) assert.ok(example.includes(`gccflow ${entry.name}`), example);
  }
});

test('a command without arguments is wrong usage and prints the overview', async () => {
  const { exitCode, stdout } = await runCli([], { cwd });

  assert.equal(exitCode, 2);
  assert.match(stdout, /^Usage {2}gccflow COMMAND/m);
});

const mistakes: readonly [readonly string[], RegExp][] = [
  [['bild'], /^error\[USAGE\]: There is no command 'bild'\.\n {2}hint: Did you mean 'build'\?/],
  [['queues'], /There is no command 'queues'\.\n {2}hint: There are 'queues ls', 'queues plan', 'queues apply'\./],
  [['queues', 'list'], /There is no command 'queues list'\.\n {2}hint: There are 'queues ls'/],
  [['queue', 'ls'], /There is no command 'queue'\.\n {2}hint: Did you mean 'queues ls'\?/],
  [['dead-letter'], /Did you mean 'dead-letters'\?/],
  [['rollback', 'unique_mart_number_id'], /'unique_mart_number_id' is of type test, which this command does not work on\./],
  [['ls', '--selct', 'x'], /There is no flag '--selct' here\.\n {2}hint: Did you mean '--select'\?/],
  [['ls', '--outputs=name'], /Did you mean '--output'\?/],
  [['ls', '-z'], /There is no flag '-z' here/],
  [['ls', '--output', 'nam'], /'--output' does not take 'nam'\.\n {2}hint: Did you mean 'name'\? It takes selector, name/],
  [['ls', '--target'], /'--target' needs a value/],
  [['ls', 'stg_number'], /The argument 'stg_number' is one too many/],
  [['ls', '--vars', '[1]'], /'--vars' takes a map in YAML or JSON\./],
  [['ls', '--vars', '{a: ['], /'--vars' takes a map in YAML or JSON: /],
  [['completion', 'tcsh'], /SHELL is one of bash, zsh, fish, not 'tcsh'/],
  [['completion'], /The argument SHELL is missing/],
  [['ls', '--target', 'prd'], /^error\[TARGET_NOT_FOUND\]/],
  [['ls', '--project-dir', 'models'], /^error\[PROJECT_NOT_FOUND\]: The folder 'models' holds no project\.yaml/],
];
for (const [args, message] of mistakes) {
  test(`gccflow ${args.join(' ')} is wrong usage`, async () => {
    using project = projectFolder(smallProject);

    const { exitCode, stdout, stderr } = await runCli(args, { cwd: project.dir });

    assert.equal(exitCode, 2);
    assert.equal(stdout, '');
    assert.match(stderr, message);
  });
}

test('outside of a project the command says how to get into one', async () => {
  using empty = projectFolder();

  const { exitCode, stderr } = await runCli(['ls'], { cwd: empty.dir });

  assert.equal(exitCode, 2);
  assert.match(stderr, /^error\[PROJECT_NOT_FOUND\]: .*\n {2}hint: .*gccflow init/);
});

test('flags of every command may stand before it', async () => {
  using project = projectFolder(smallProject);

  const { stdout } = await runCli(
    ['--project-dir', project.dir, '--quiet', 'ls', '-m', 'stg_number', 'mart_number', '--resource-type=model'],
    { cwd },
  );

  assert.equal(stdout, 'small.staging.stg_number\nsmall.marts.mart_number\n');
});

test('colors obey NO_COLOR, FORCE_COLOR and --no-color', async () => {
  const colored = async (args: string[], env: Record<string, string>) =>
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
    /\x1b\[/.test((await runCli(['bild', ...args], { cwd, env })).stderr);

  const results = await Promise.all([
    colored([], {}),
    colored([], { FORCE_COLOR: '1' }),
    colored(['--no-color'], { FORCE_COLOR: '1' }),
    colored([], { NO_COLOR: '1' }),
  ]);

  assert.deepEqual(results, [false, true, false, false]);
});

const dbtWords: readonly [readonly string[], RegExp][] = [
  [['clone'], /no command 'clone'[\s\S]*--defer --state FOLDER/],
  [['run', '--profiles-dir', '.'], /Targets and their connections stand in project\.yaml/],
  [['parse'], /no command 'parse'[\s\S]*`gccflow ls` reads the whole project/],
  [['snapshot'], /config\.materialized:snapshot/],
];
for (const [args, expected] of dbtWords) {
  test(`gccflow ${args.join(' ')} says what to do instead`, async () => {
    const { exitCode, stderr } = await runCli(args, { cwd: import.meta.dirname });

    assert.equal(exitCode, 2);
    assert.match(stderr, expected);
  });
}

test('files do not wait for the statements of the embedded warehouse: it has threads enough', async () => {
  using project = projectFolder({
    ...smallProject,
    'macros/pool.ts': "export function pool(): string { return process.env.UV_THREADPOOL_SIZE ?? 'unset'; }\n",
    'models/size.sql': 'select {{pool}} as size\n',
  });

  const { stdout } = await runCli(['compile', '-s', 'size', '-q'], { cwd: project.dir });

  assert.match(stdout, /select 32 as size/);
});

test('dbt list is ls', async () => {
  using project = projectFolder(smallProject);

  const runs = await Promise.all(['ls', 'list'].map((name) => runCli([name, '--models', 'stg_number+'], { cwd: project.dir })));

  assert.equal(runs[0]?.exitCode, 0);
  assert.deepEqual(runs[1], runs[0]);
});

test('an older Node is told which one is needed', () => {
  const older = `data:text/javascript,${encodeURIComponent("Object.defineProperty(process, 'versions', { value: { node: '22.9.1' } })")}`;
  const main = join(import.meta.dirname, '../../framework/cli/gccflow.mjs');

  const { status, stderr } = spawnSync(process.execPath, ['--import', older, main, 'ls'], { encoding: 'utf8' });

  assert.equal(status, 1);
  assert.match(stderr, /^gccflow needs Node 24\.12 or later, and this is 22\.9\.1\./);
});
