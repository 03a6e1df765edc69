import { nameFile } from './name-file.ts';
import type { FoundFile } from './project-files.ts';
import type { Fixture } from './unit-test.ts';

/** The fixtures among the files of a project, by the name of the file. What stands in them is read when their test runs. */
export function findFixtures(files: readonly FoundFile[]): Fixture[] {
  return files
    .filter(({ role }) => role === 'fixture')
    .map(({ file }) => ({ name: nameFile(file, 'tests/fixtures').name, file, format: file.endsWith('.csv') ? 'csv' : 'sql' }));
}
