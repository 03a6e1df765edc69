import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openWarehouse } from '../../framework/connections/open-warehouse.ts';
import { serveWarehouse } from '../../framework/connections/serve-warehouse.ts';
import { systemClock } from '../../framework/foundation/clock.ts';
import type { ModelNode } from '../../framework/manifest/manifest.ts';
import { faultOf } from '../../framework/run/node-statements.ts';
import { rollbackNode } from '../../framework/run/rollback-node.ts';
import { compileCache } from './compile-cache.ts';
import { openScratchProject, type ProjectFiles, type ScratchProject } from './scratch-project.ts';
import { silentLog } from './warehouse.ts';

export interface CrashCase {
  /** A project with one node `m`, and what makes its next version differ. */
  readonly files: ProjectFiles;
  /** Brings the tables that the project reads into their first state. */
  readonly before: readonly string[];
  /** What happens to them before the run that is killed. `@` is the project's database. */
  readonly change: readonly string[];
  readonly changedFiles?: ProjectFiles;
  /** Which statements to kill after; all of them where nothing is given. */
  readonly counted?: RegExp;
  /** Where no previous version is kept, there is nothing to roll back to. */
  readonly keepsNone?: true;
  /** What is read of `m`; every column where nothing is given. */
  readonly columns?: string;
  /** The rows of `m`, as JSON, before and after. */
  readonly oldRows: readonly unknown[];
  readonly newRows: readonly unknown[];
}

/** Whichever process holds the warehouse. */
export type Project = Omit<ScratchProject, typeof Symbol.asyncDispose>;

/**
 * Kills a run after its first statement, its second, and so on until it comes to its end, and holds after every kill: readers saw the old
 * rows or the new ones, whole; the next run brings the new rows; nothing is left over; a rollback gives what was there before that run.
 * Gives back how many kills there were.
 */
export async function killAfterEachStatement(crash: CrashCase): Promise<number> {
  await using opening = new AsyncDisposableStack();
  const { home, project } = await openCrashProject(opening);

  for (let kills = 0; ; kills += 1) {
    const run = startRun(project, { crash, home, crashAfter: kills + 1 }); // starts while the project is made ready
    await reset(project, crash);
    const ended = await readUntilKilled(run, project, crash);
    const rows = await readRows(project, crash);
    assert.ok(isOneOf(rows, [crash.oldRows, crash.newRows]), `after statement ${kills + 1}: ${JSON.stringify(rows)}`);
    await checkRecovery(project, crash, rows, kills + 1);
    if (ended === 'finished') return kills;
  }
}

/** An empty project whose warehouse this process serves, for others that are killed; `home` is where they find it. */
export async function openCrashProject(opening: AsyncDisposableStack): Promise<{ readonly home: string; readonly project: Project }> {
  const home = await mkdtemp(join(tmpdir(), 'gccflow-crash-'));
  opening.defer(() => rm(home, { recursive: true, force: true }));
  const config = { type: 'embedded', path: 'warehouse', database: 'crash' } as const;
  opening.use(await serveWarehouse(config, { projectDir: home, sessions: 8, log: silentLog }));
  const warehouse = opening.use(await openWarehouse(config, { projectDir: home, sessions: 4, log: silentLog }));
  const dir = join(home, 'project');
  await mkdir(dir);
  return { home, project: openScratchProject(warehouse, { database: 'crash', dir }) };
}

/** Publishes the first version and makes the next one differ. */
export async function reset(project: Project, { files, before, change, changedFiles }: CrashCase): Promise<void> {
  for (const sql of ['drop database @ sync', 'drop database if exists _gccflow sync', 'create database @ engine = Atomic', ...before]) {
    await project.execute(sql);
  }
  await rm(join(project.dir, 'models'), { recursive: true, force: true });
  await project.write(files);
  await project.run('build');
  for (const sql of change) await project.execute(sql);
  if (changedFiles) await project.write(changedFiles);
}

/** The statements of the node `m` and the ledger's entry; not those that every run begins with. */
export const statementsOfNode = /"node":"\w+\.m"|^insert into .*publications/;

/** A process that runs the project when its input is closed. */
function startRun(project: Project, { crash, home, crashAfter }: { crash: CrashCase; home: string; crashAfter: number }) {
  const script = join(import.meta.dirname, 'crash-run.ts');
  return spawn(process.execPath, [script, home, project.dir, project.database, String(crashAfter), crash.counted?.source ?? ''], {
    stdio: ['pipe', 'inherit', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: compileCache },
  });
}

/** Reads all the while the run goes on, and never sees anything but the old rows or the new ones. */
async function readUntilKilled(run: ReturnType<typeof startRun>, project: Project, crash: CrashCase): Promise<'finished' | 'killed'> {
  const exited = once(run, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  run.stdin.end();
  let running = true;
  void exited.then(() => {
    running = false;
  });
  while (running) {
    const rows = await readRows(project, crash);
    assert.ok(isOneOf(rows, [crash.oldRows, crash.newRows]), `a reader saw ${JSON.stringify(rows)}`);
    await pause(20); // leaves the processor to the run
  }
  const [code, signal] = await exited;
  assert.ok(signal === 'SIGKILL' || code === 0, `the run ended with ${code ?? signal}`);
  return signal === 'SIGKILL' ? 'killed' : 'finished';
}

/** Holds that the next run mends what a kill left, and that a rollback gives what was there before it. */
export async function checkRecovery(project: Project, crash: CrashCase, rowsBefore: readonly unknown[], statement: number): Promise<void> {
  const { oldRows, newRows } = crash;
  const where = `after statement ${statement}`;
  const { status, nodes } = await project.run('build');
  assert.equal(status, 'success', where);
  assert.deepEqual(await readRows(project, crash), newRows, where);
  const kept = (await project.staging()).filter((name) => !/__(rows|trigger)$/.test(name)); // those of versions that are kept or swept
  assert.ok(kept.length <= 1, `${where}: left over are ${kept.join(', ')}`);
  const [repaired] = await project.query<{ missing: string }>(
    `select count() as missing from system.tables where database = '@' and JSONExtractString(comment, 'gccflow', 'publication') not in
      (select '' union all select publication from _gccflow.publications)`,
  );
  assert.equal(repaired?.missing, '0', `${where}: the ledger lacks a publication`);
  if (crash.keepsNone) return;
  if (rowsBefore.length === 0) return assert.rejects(rollback(project), { code: 'ROLLBACK_IMPOSSIBLE' });
  const previous = nodes[0]?.status === 'unchanged' ? oldRows : rowsBefore; // a seed that was published is not published again
  await rollback(project);
  assert.ok(isOneOf(await readRows(project, crash), [previous]), where);
}

async function rollback(project: Project): Promise<void> {
  const { manifest } = await project.plan('build');
  const node = [...manifest.nodes.values()].find(({ name }) => name === 'm') as ModelNode;
  const signal = new AbortController().signal;
  await rollbackNode(node, { warehouse: project.warehouse, clock: systemClock, log: silentLog, signal, waitLockMs: 0 });
}

/** Rows of `m`; none where there is no relation yet. */
export async function readRows(project: Project, { columns = '*' }: Pick<CrashCase, 'columns'> = {}): Promise<unknown[]> {
  try {
    return await project.query(`select ${columns} from @.m order by all`);
  } catch (thrown) {
    if (faultOf(thrown)?.type === 'UNKNOWN_TABLE') return [];
    throw thrown;
  }
}

/** Whether rows are the old ones or the new ones, whole. */
export function isOneOf(rows: readonly unknown[], candidates: readonly (readonly unknown[])[]): boolean {
  return candidates.some((candidate) => JSON.stringify(candidate) === JSON.stringify(rows));
}
