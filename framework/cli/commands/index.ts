import type { CommandEntry } from '../command.ts';

const entry = (name: string, summary: string, load: CommandEntry['load']): CommandEntry => ({ name, summary, load });

/** Every command, by the stage of work, in the order of help. Only the one that is used is loaded. */
export const commandGroups: ReadonlyMap<string, readonly CommandEntry[]> = new Map([
  ['Start', []],
  [
    'Look',
    [
      entry('ls', 'List nodes of the graph, parents first.', async () => (await import('./ls.ts')).ls),
      entry('compile', 'Render the SQL of models and tests.', async () => (await import('./compile.ts')).compile),
    ],
  ],
  [
    'Run',
    [
      entry('build', 'Load seeds, build and test models, run syncs.', async () => (await import('./build.ts')).build),
      entry('run', 'Build models, without tests.', async () => (await import('./run.ts')).run),
      entry('seed', 'Load CSV files as tables.', async () => (await import('./seed.ts')).seed),
      entry('test', 'Run the tests of what is published.', async () => (await import('./test.ts')).test),
    ],
  ],
  [
    'Tools',
    [
      entry('clean', 'Remove what gccflow can make again.', async () => (await import('./clean.ts')).clean),
      entry('completion', 'Print the completion script of a shell.', async () => (await import('./completion.ts')).completion),
    ],
  ],
]);

export const commands: ReadonlyMap<string, CommandEntry> = new Map(
  [...commandGroups.values()].flat().map((command) => [command.name, command]),
);
