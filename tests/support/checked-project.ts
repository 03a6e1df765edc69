import { openCheckEngine } from '../../framework/check/check-engine.ts';
import type { Finding } from '../../framework/check/finding.ts';
import { type CheckResult, runCheck } from '../../framework/check/run-check.ts';
import { formatLocation } from '../../framework/foundation/location.ts';
import { type Files, projectDir } from './project-dir.ts';
import { readCommand } from './read-command.ts';

/** What a check says of a project of these files. */
export async function checkFiles(files: Files): Promise<CheckResult> {
  using dir = projectDir(files);
  await using engine = await openCheckEngine();
  return await runCheck({ ...(await dir.read()), engine, only: null, readCommand });
}

/** `CODE file:line:column` of each finding. */
export function places(findings: readonly Finding[]): readonly string[] {
  return findings.map(({ error }) => `${error.code} ${error.at ? formatLocation(error.at) : '-'}`);
}
