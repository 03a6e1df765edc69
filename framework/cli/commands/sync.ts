import { defineCommand } from '../command.ts';
import { runOptions, selectionOptions } from '../options.ts';

export const sync = defineCommand({
  name: 'sync',
  summary: 'Publish relations to PostgreSQL.',
  description:
    'Exports the relations of the chosen syncs, loads them beside the live PostgreSQL tables, checks them, and swaps all of a table in at once. Builds nothing: the relations are taken as they are.',
  examples: [
    { command: 'gccflow sync', description: 'Every sync.' },
    { command: 'gccflow sync leaderboard', description: 'One by its name.' },
    { command: 'gccflow sync --select tag:core', description: 'Those with a tag.' },
  ],
  positionals: [
    { name: 'name', description: 'Names of syncs; all that --select picks where none are given.', several: true, completes: 'sync' },
  ],
  options: { ...selectionOptions, ...runOptions },
  async run(values, context) {
    const { runSelected } = await import('../run-selected.ts');
    const select = [...values.select, ...context.positionals];
    return runSelected({ command: 'sync', fullRefresh: false }, { ...values, select }, context);
  },
});
