import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../framework/cli/gccflow.mjs', import.meta.url));

const running = new Set<ChildProcess>();

// A test that failed before it stopped what it started would keep its file from ending.
after(() => {
  for (const child of running) child.kill('SIGKILL');
});

export interface CliRun {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What it reads on stdin; nothing where undefined. */
  readonly input?: string;
}

/** Runs gccflow as its users do, in a process of its own, to its end. */
export async function runCli(args: readonly string[], options: CliOptions): Promise<CliRun> {
  return startCli(args, options).ended;
}

/** Starts gccflow in a process of its own; `ended` says how it came out. */
export function startCli(
  args: readonly string[],
  { cwd, env = {}, input }: CliOptions,
): { readonly child: ChildProcess; readonly ended: Promise<CliRun> } {
  const { NO_COLOR: _noColor, FORCE_COLOR: _forceColor, ...inherited } = process.env;
  const child = spawn(process.execPath, [main, ...args], { cwd, env: { ...inherited, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  running.add(child);
  child.once('exit', () => running.delete(child));
  // One that ends without reading closes the pipe.
  child.stdin.on('error', () => {}).end(input);
  const ends = new Promise<Pick<CliRun, 'exitCode' | 'signal'>>((resolve, reject) => {
    child.on('error', reject).on('close', (exitCode, signal) => resolve({ exitCode, signal }));
  });
  const ended = Promise.all([ends, text(child.stdout), text(child.stderr)]).then(([end, stdout, stderr]) => ({ ...end, stdout, stderr }));
  return { child, ended };
}

/** A project in a folder of its own, made of the given files; removed when disposed. */
export interface ProjectFolder extends Disposable {
  readonly dir: string;
  write(files: Readonly<Record<string, string>>): void;
}

export function projectFolder(files: Readonly<Record<string, string>> = {}): ProjectFolder {
  const dir = mkdtempSync(join(tmpdir(), 'gccflow-cli-'));
  const write = (more: Readonly<Record<string, string>>): void => {
    for (const [name, content] of Object.entries(more)) {
      const path = join(dir, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    }
  };
  write(files);
  return { dir, write, [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }) };
}

/** Two models in a line with a test, on the default target. */
export const smallProject: Readonly<Record<string, string>> = {
  'project.yaml': 'name: small\ntargets:\n  dev: {}\n',
  'models/staging/stg_number.sql': '{{config materialized="table" tags="core"}}\nselect number as id from numbers(10)\n',
  'models/marts/mart_number.sql': '{{config materialized="table"}}\nselect id, id * 2 as twice from {{ref "stg_number"}}\n',
  'models/models.yaml': 'kind: models\nmodels:\n  - name: mart_number\n    columns:\n      - { name: id, tests: [not_null, unique] }\n',
};
