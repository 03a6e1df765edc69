import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Warehouse } from '../../framework/connections/warehouse.ts';
import { systemClock } from '../../framework/foundation/clock.ts';
import { genericTests } from '../../framework/manifest/generic-tests/index.ts';
import { instantOf } from '../../framework/manifest/interval.ts';
import { loadManifest } from '../../framework/manifest/load-manifest.ts';
import type { Manifest } from '../../framework/manifest/manifest.ts';
import { materializations } from '../../framework/materializations/index.ts';
import { buildPlan } from '../../framework/plan/build-plan.ts';
import type { Plan, PlanCommand, PlanRequest } from '../../framework/plan/plan.ts';
import { newId } from '../../framework/run/new-id.ts';
import { readWarehouseState } from '../../framework/run/read-warehouse-state.ts';
import type { RunDeps } from '../../framework/run/run-deps.ts';
import { runPlan } from '../../framework/run/run-plan.ts';
import type { RunResult } from '../../framework/run/run-result.ts';
import { scratchWarehouse, silentLog } from './warehouse.ts';

/** Files of a project by path; the target's database is put into project.yaml. */
export type ProjectFiles = Readonly<Record<string, string | Uint8Array>>;

export interface RunOptions {
  readonly fullRefresh?: boolean;
  /** Names of the nodes to run; all of them where none are given. */
  readonly only?: readonly string[];
  /** What the plan is asked for besides, such as its execution time. */
  readonly request?: Partial<PlanRequest>;
  readonly deps?: Partial<RunDeps>;
}

export interface ScratchProject extends AsyncDisposable {
  readonly warehouse: Warehouse;
  /** The database of the project's relations, unquoted. */
  readonly database: string;
  readonly dir: string;
  write(files: ProjectFiles): Promise<void>;
  plan(command: PlanCommand, options?: RunOptions): Promise<{ manifest: Manifest; plan: Plan }>;
  run(command: PlanCommand, options?: RunOptions): Promise<RunResult>;
  /** Rows of a SELECT; `@` stands for the project's database. */
  query<Row = Record<string, unknown>>(sql: string): Promise<Row[]>;
  execute(sql: string): Promise<void>;
  /** Names in the staging database, without the ledger. */
  staging(): Promise<string[]>;
}

/** A tiny project on disk and a database of its own in the engine of this test process. */
export async function scratchProject(files: ProjectFiles): Promise<ScratchProject> {
  const scratch = await scratchWarehouse();
  const dir = await mkdtemp(join(tmpdir(), 'gccflow-project-'));
  const project = openScratchProject(scratch.warehouse, { database: scratch.database, dir });
  await project.write(files);
  return {
    ...project,
    async [Symbol.asyncDispose]() {
      await scratch.warehouse.execute('drop database if exists _gccflow sync', { settings: { check_table_dependencies: 0 } });
      await rm(dir, { recursive: true, force: true });
      await scratch[Symbol.asyncDispose]();
    },
  };
}

/** A project whose warehouse and folder belong to the caller. */
export function openScratchProject(
  warehouse: Warehouse,
  { database, dir }: { database: string; dir: string },
): Omit<ScratchProject, typeof Symbol.asyncDispose> {
  const inDatabase = (sql: string): string => sql.replaceAll('@', `${database}`);

  const write = async (files: ProjectFiles): Promise<void> => {
    const all = { 'project.yaml': projectYaml(database), ...files };
    for (const [path, content] of Object.entries(all)) {
      await mkdir(dirname(join(dir, path)), { recursive: true });
      await writeFile(join(dir, path), content);
    }
  };

  const planWith = async (command: PlanCommand, { fullRefresh = false, only, request: asked }: RunOptions, runId: string) => {
    const options = { dir, env: {}, target: null, vars: {}, cacheDir: null, builtins: { materializations, genericTests } };
    const { manifest } = await loadManifest(options);
    const nodes = [...manifest.nodes.values()].filter(({ name }) => only === undefined || only.includes(name)).map(({ id }) => id);
    const state = await readWarehouseState(manifest, nodes, warehouse);
    const ids = { runId, newId: () => newId(systemClock) };
    const request = { command, nodes, fullRefresh, executionTime: instantOf(new Date()), durationsMs: new Map(), ...ids, ...asked };
    return { manifest, plan: buildPlan(manifest, request, state) };
  };

  const run = async (command: PlanCommand, options: RunOptions = {}): Promise<RunResult> => {
    const runId = newId(systemClock);
    const { manifest, plan } = await planWith(command, options, runId);
    return runPlan(plan, {
      manifest,
      warehouse,
      runSync: async () => ({ rows: 0, message: '', statements: [], publicationId: null }),
      replan: async () => (await planWith(command, options, runId)).plan,
      log: silentLog,
      clock: systemClock,
      signal: new AbortController().signal,
      threads: 2,
      failFast: false,
      waitLockMs: 0,
      retry: { attempts: 3, delayMs: 1 },
      ...options.deps,
    });
  };

  return {
    warehouse,
    database,
    dir,
    write,
    plan: (command, options = {}) => planWith(command, options, newId(systemClock)),
    run,
    query: (sql) => warehouse.query(inDatabase(sql)),
    execute: async (sql) => void (await warehouse.execute(inDatabase(sql))),
    staging: async () => {
      const rows = await warehouse.query<{ name: string }>(
        `select name from system.tables where database = '_gccflow' and name not in ('publications', 'partitions') order by name`,
      );
      return rows.map(({ name }) => name);
    },
  };
}

function projectYaml(database: string): string {
  return `name: scratch\ntargets:\n  dev:\n    warehouse: { type: embedded, database: ${database} }\n`;
}
