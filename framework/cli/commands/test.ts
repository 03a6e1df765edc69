import { defineCommand } from '../command.ts';
import { runOptions, selectionOptions } from '../options.ts';

export const test = defineCommand({
  name: 'test',
  summary: 'Run the tests of what is published.',
  description:
    'Runs the chosen tests on the published relations. Exits 1 if a test of severity error finds failing rows, and prints the query that shows them.',
  examples: [
    { command: 'gccflow test', description: 'Every test.' },
    { command: 'gccflow test --select mart_post', description: 'The tests of one model.' },
    { command: 'gccflow test --select test_type:singular', description: 'The tests of tests/data.' },
  ],
  positionals: [],
  options: { ...selectionOptions, ...runOptions },
  async run(values, context) {
    const { runSelected } = await import('../run-selected.ts');
    return runSelected({ command: 'test', fullRefresh: false }, values, context);
  },
});
