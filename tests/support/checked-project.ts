import type { Finding } from '../../framework/check/finding.ts';
import { type CheckResult, runCheck } from '../../framework/check/run-check.ts';
import { formatLocation } from '../../framework/foundation/location.ts';
import { type Files, projectDir } from './project-dir.ts';

/** What a check says of a project of these files. */
export async function checkFiles(files: Files): Promise<CheckResult> {
  using dir = projectDir(files);
  const { project, manifest } = await dir.load();
  return runCheck({ project, manifest, useEngine: true, only: null });
}

/** `CODE file:line:column` of each finding. */
export function places(findings: readonly Finding[]): readonly string[] {
  return findings.map(({ error }) => `${error.code} ${error.at ? formatLocation(error.at) : '-'}`);
}
