import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CheckEngine } from '../../../framework/check/check-engine.ts';
import { runCheck } from '../../../framework/check/run-check.ts';
import type { Postgres } from '../../../framework/connections/postgres.ts';
import { InvalidProject } from '../../../framework/foundation/diagnostics.ts';
import type { GccflowError } from '../../../framework/foundation/error.ts';
import { readCommand } from '../../support/read-command.ts';
import { loadProjectIn } from '../load-project-in.ts';

/** Writes a project into a folder and checks it: `file:line CODE message` for each error and warning. */
export async function checkFiles(
  files: Readonly<Record<string, string>>,
  dir: string,
  engine: CheckEngine,
  openPostgres?: () => Promise<Postgres>,
): Promise<readonly string[]> {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, file)), { recursive: true });
    writeFileSync(join(dir, file), text);
  }
  try {
    const { findings } = await runCheck({
      ...(await loadProjectIn(dir)),
      engine,
      only: null,
      readCommand,
      ...(openPostgres && { openPostgres }),
    });
    return findings.map(({ error }) => lineOf(error));
  } catch (thrown) {
    if (!(thrown instanceof InvalidProject)) throw thrown;
    return thrown.errors.map(lineOf);
  }
}

function lineOf({ at, code, message }: GccflowError): string {
  return `${at?.file}:${at?.line} ${code} ${message}`;
}
