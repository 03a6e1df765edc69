import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { openPostgres } from '../../framework/connections/open-postgres.ts';
import type { Postgres } from '../../framework/connections/postgres.ts';
import { silentLog } from './warehouse.ts';

export interface ScratchPostgres extends AsyncDisposable {
  readonly postgres: Postgres;
  /** A schema of this test's own, unquoted. */
  readonly schema: string;
}

/** The folder of the embedded server of this test process. */
let projectDir: string | undefined;
let opened: Promise<Postgres> | undefined;

after(async () => {
  if (opened !== undefined) await (await opened)[Symbol.asyncDispose]();
  if (projectDir !== undefined) rmSync(projectDir, { recursive: true, force: true });
});

export function embeddedProjectDir(): string {
  if (projectDir === undefined) {
    const dir = mkdtempSync(join(tmpdir(), 'gccflow-postgres-'));
    chmodSync(dir, 0o711); // the server may be another user's process
    projectDir = dir;
  }
  return projectDir;
}

export const embeddedConfig = { type: 'embedded', path: 'postgres' } as const;

/** A fresh schema in the embedded server of this test process. The server starts at the first call and stops after the tests. */
export async function scratchPostgres(): Promise<ScratchPostgres> {
  const dir = embeddedProjectDir();
  opened ??= openPostgres(embeddedConfig, { projectDir: dir, maxConnections: 12, log: silentLog });
  return scratchSchema(await opened);
}

/** A fresh schema in `postgres`, dropped when disposed. */
export async function scratchSchema(postgres: Postgres): Promise<ScratchPostgres> {
  const schema = `scratch_${randomUUID().slice(0, 8)}`;
  await postgres.query(`create schema ${schema}`);
  return {
    postgres,
    schema,
    [Symbol.asyncDispose]: async () => {
      await postgres.query(`drop schema ${schema} cascade`);
    },
  };
}
