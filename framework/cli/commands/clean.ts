import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';

/** Made again by the next command; the state of embedded services below .gccflow/ is data and stays. */
const cleaned = ['target', '.gccflow/cache'];

export const clean = defineCommand({
  name: 'clean',
  summary: 'Remove what gccflow can make again.',
  description:
    'Removes target/ (artifacts, compiled SQL) and the parse cache. Embedded warehouses and databases are data and stay; remove .gccflow/ yourself to start from nothing.',
  examples: [{ command: 'gccflow clean', description: 'Remove target/ and the cache.' }],
  positionals: [],
  options: {},
  async run(values, { cwd, output }) {
    const { locateProject } = await import('../open-project.ts');
    const dir = locateProject(cwd, values['project-dir']);
    for (const folder of cleaned.filter((name) => existsSync(join(dir, name)))) {
      rmSync(join(dir, folder), { recursive: true });
      output.note(`removed ${folder}/`);
    }
    return exitCode.ok;
  },
});
