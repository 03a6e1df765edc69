import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openWarehouse } from '../../framework/connections/open-warehouse.ts';
import { serveWarehouse } from '../../framework/connections/serve-warehouse.ts';
import type { Warehouse } from '../../framework/connections/warehouse.ts';
import type { Log } from '../../framework/foundation/log.ts';

export interface ScratchWarehouse extends AsyncDisposable {
  readonly warehouse: Warehouse;
  /** An Atomic database of this test's own, unquoted. */
  readonly database: string;
  /** Leaves the database when the scratch is disposed, for a look after a failure. */
  keep(): void;
}

export interface ScratchOptions {
  /** How the test reaches the engine: in its own process, or through the HTTP endpoint as it would a server. Default `embedded`. */
  readonly over?: 'embedded' | 'http';
}

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silentLog };

/** A fresh database in the engine of this test process. The engine opens at the first call and closes with the process. */
export async function scratchWarehouse({ over = 'embedded' }: ScratchOptions = {}): Promise<ScratchWarehouse> {
  await using opening = new AsyncDisposableStack();
  const warehouse = over === 'http' ? await served(opening) : (await engine()).warehouse;
  const database = `scratch_${randomUUID().slice(0, 8)}`;
  let kept = false;
  await warehouse.execute(`create database ${database} engine = Atomic`);
  opening.defer(async () => {
    if (!kept) await warehouse.execute(`drop database ${database} sync`);
  });
  const open = opening.move();
  return {
    warehouse,
    database,
    keep: () => {
      kept = true;
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

/** The same engine, over HTTP as a server is. */
async function served(opening: AsyncDisposableStack): Promise<Warehouse> {
  const { projectDir } = await engine();
  const { url, user, password } = opening.use(await serveWarehouse(config, { projectDir, sessions: 4, log: silentLog }));
  const server = { type: 'clickhouse', url: url.replace('//', `//${user}:${password}@`), database: 'dbt', cluster: null } as const;
  return opening.use(await openWarehouse(server, { projectDir, sessions: 4, log: silentLog }));
}

const config = { type: 'embedded', path: 'warehouse', database: 'dbt' } as const;

interface Engine {
  readonly warehouse: Warehouse;
  readonly projectDir: string;
}

let opened: Promise<Engine> | undefined;

/** One directory per process: the engine takes no second one. */
function engine(): Promise<Engine> {
  opened ??= open();
  return opened;
}

async function open(): Promise<Engine> {
  const projectDir = mkdtempSync(join(tmpdir(), 'gccflow-warehouse-'));
  process.once('exit', () => rmSync(projectDir, { recursive: true, force: true }));
  return { projectDir, warehouse: await openWarehouse(config, { projectDir, sessions: 4, log: silentLog }) };
}
