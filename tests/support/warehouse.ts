import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openWarehouse } from '../../framework/connections/open-warehouse.ts';
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
  /** How the test reaches the engine. Default `embedded`: in the test's own process. */
  readonly over?: 'embedded' | 'http';
}

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silentLog };

/** A fresh database in the engine of this test process. The engine opens at the first call and closes with the process. */
export async function scratchWarehouse(_options: ScratchOptions = {}): Promise<ScratchWarehouse> {
  const warehouse = await engine();
  const database = `scratch_${randomUUID().slice(0, 8)}`;
  let kept = false;
  await warehouse.execute(`create database ${database} engine = Atomic`);
  return {
    warehouse,
    database,
    keep: () => {
      kept = true;
    },
    async [Symbol.asyncDispose]() {
      if (!kept) await warehouse.execute(`drop database ${database} sync`);
    },
  };
}

let opened: Promise<Warehouse> | undefined;

/** One directory per process: the engine takes no second one. */
function engine(): Promise<Warehouse> {
  opened ??= open();
  return opened;
}

function open(): Promise<Warehouse> {
  const projectDir = mkdtempSync(join(tmpdir(), 'gccflow-warehouse-'));
  process.once('exit', () => rmSync(projectDir, { recursive: true, force: true }));
  return openWarehouse({ type: 'embedded', path: 'warehouse', database: 'dbt' }, { projectDir, sessions: 4, log: silentLog });
}
