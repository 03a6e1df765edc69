import { defineCommand } from '../command.ts';
import { fullRefresh, runOptions, selectionOptions } from '../options.ts';

export const seed = defineCommand({
  name: 'seed',
  summary: 'Load CSV files as tables.',
  description: 'Loads the chosen CSV files of sources/seeds as tables. A file that did not change since it was loaded is left alone.',
  examples: [
    { command: 'gccflow seed', description: 'Every seed that changed.' },
    { command: 'gccflow seed --full-refresh --select category', description: 'Load one again.' },
  ],
  positionals: [],
  options: { ...selectionOptions, ...runOptions, ...fullRefresh },
  async run(values, context) {
    const { runSelected } = await import('../run-selected.ts');
    return runSelected({ command: 'seed', fullRefresh: values['full-refresh'] === true }, values, context);
  },
});
