import type { CommandEntry } from '../command.ts';

const entry = (name: string, summary: string, load: CommandEntry['load']): CommandEntry => ({ name, summary, load });

/** Every command, by the stage of work, in the order of help. Only the one that is used is loaded. */
export const commandGroups: ReadonlyMap<string, readonly CommandEntry[]> = new Map([
  [
    'Start',
    [
      entry('init', 'Make a small working project in an empty folder.', async () => (await import('./init.ts')).init),
      entry('debug', 'Say of every part of a target what it is and whether it answers.', async () => (await import('./debug.ts')).debug),
    ],
  ],
  [
    'Look',
    [
      entry('ls', 'List nodes of the graph, parents first.', async () => (await import('./ls.ts')).ls),
      entry('compile', 'Render the SQL of models and tests.', async () => (await import('./compile.ts')).compile),
      entry('plan', 'Print the statements that a build would run, and why.', async () => (await import('./plan.ts')).plan),
      entry('show', 'Print the first rows of a published table, a model or a query.', async () => (await import('./show.ts')).show),
    ],
  ],
  [
    'Run',
    [
      entry('build', 'Load seeds, build and test models, run syncs.', async () => (await import('./build.ts')).build),
      entry('run', 'Build models, without tests.', async () => (await import('./run.ts')).run),
      entry('seed', 'Load CSV files as tables.', async () => (await import('./seed.ts')).seed),
      entry('test', 'Run the tests of what is published.', async () => (await import('./test.ts')).test),
      entry('sync', 'Publish relations to PostgreSQL.', async () => (await import('./sync.ts')).sync),
      entry('retry', 'Run again what failed or was skipped in the last run.', async () => (await import('./retry.ts')).retry),
      entry('rollback', 'Bring back the previous version of a node.', async () => (await import('./rollback.ts')).rollback),
    ],
  ],
  [
    'Tools',
    [
      entry(
        'warehouse serve',
        'Share the embedded warehouse over HTTP with other processes.',
        async () => (await import('./warehouse-serve.ts')).warehouseServe,
      ),
      entry('clean', 'Remove what gccflow can make again.', async () => (await import('./clean.ts')).clean),
      entry('schema', 'Write the JSON Schemas of the project files.', async () => (await import('./schema.ts')).schema),
      entry('completion', 'Print the completion script of a shell.', async () => (await import('./completion.ts')).completion),
    ],
  ],
]);

/** Names of dbt that mean a command of ours, by that command's name. */
const aliases: Readonly<Record<string, string>> = { ls: 'list' };

export const commands: ReadonlyMap<string, CommandEntry> = new Map(
  [...commandGroups.values()].flat().flatMap((command) => {
    const alias = aliases[command.name];
    return [[command.name, command] as const, ...(alias === undefined ? [] : [[alias, command] as const])];
  }),
);
