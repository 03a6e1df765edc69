import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';

export const init = defineCommand({
  name: 'init',
  summary: 'Make a small working project in an empty folder.',
  description:
    'Writes a small project: a seed, two models, tests and a sync to PostgreSQL. It builds with the embedded ClickHouse and PostgreSQL, with nothing to install or configure.',
  examples: [
    { command: 'gccflow init my_project', description: 'In a new folder, named after it.' },
    { command: 'gccflow init', description: 'In this folder, which must be empty.' },
  ],
  positionals: [{ name: 'folder', description: 'The folder; this one where none is given.', completes: 'folder' }],
  options: {},
  async run(_values, { positionals: [folder = '.'], cwd, output }) {
    const { writeInitProject } = await import('../write-init-project.ts');
    const files = writeInitProject(cwd, folder);
    for (const file of files) output.print(file);
    output.note(`\nNow: ${folder === '.' ? '' : `cd ${folder} && `}gccflow build && gccflow show channel`);
    return exitCode.ok;
  },
});
