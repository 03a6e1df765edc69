import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { GccflowError } from '../foundation/error.ts';

/** The nearest folder, from `start` upwards, that holds a project.yaml. Throws PROJECT_NOT_FOUND. */
export function findProjectDir(start: string): string {
  for (let dir = resolve(start); ; dir = dirname(dir)) {
    if (existsSync(join(dir, 'project.yaml'))) return dir;
    if (dirname(dir) === dir) break;
  }
  throw new GccflowError('PROJECT_NOT_FOUND', `Neither '${resolve(start)}' nor a folder above it holds a project.yaml.`, {
    hint: 'Go to a project, name one with --project-dir, or make one with `gccflow init`.',
  });
}
