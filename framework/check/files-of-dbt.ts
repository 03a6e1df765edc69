import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { GccflowError } from '../foundation/error.ts';
import { startOf } from '../foundation/location.ts';
import type { Project } from '../project/project.ts';
import type { Finding } from './finding.ts';

/** What stands instead of dbt's files at the top of a project. */
const instead: Readonly<Record<string, string>> = {
  'dbt_project.yml': 'Settings, vars and the config of folders stand in project.yaml.',
  'profiles.yml': 'Targets stand in project.yaml.',
  'packages.yml': 'There are no packages: macros are files in macros/, generic tests in tests/generic/.',
  'dependencies.yml': 'There are no packages: macros are files in macros/, generic tests in tests/generic/.',
};

/** Files of dbt beside project.yaml, which nothing reads; a project that both tools build may have them. */
export function filesOfDbt({ dir }: Pick<Project, 'dir'>): readonly Finding[] {
  return Object.entries(instead).flatMap(([file, hint]) => {
    if (!existsSync(join(dir, file))) return [];
    const message = `The file '${file}' is of dbt, and nothing here reads it.`;
    return [{ severity: 'warn', node: null, error: new GccflowError('FILE_MISPLACED', message, { at: startOf(file), hint }) }];
  });
}
