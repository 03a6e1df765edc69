import { defineCommand } from '../command.ts';
import { runOptions, selectionOptions } from '../options.ts';

export const test = defineCommand({
  name: 'test',
  summary: 'Run unit tests, and the tests of what is published.',
  description:
    'Runs the chosen unit tests first, in a ClickHouse in memory, then the other tests on the published relations. Where only unit tests are chosen, no warehouse is opened. Exits 1 if a unit test gets other rows than it expects, shown side by side, or if a test of severity error finds failing rows, and prints the query that shows them.',
  examples: [
    { command: 'gccflow test', description: 'Every test.' },
    { command: 'gccflow test --select mart_post', description: 'The tests of one model.' },
    { command: 'gccflow test --select test_type:unit', description: 'The unit tests alone, without a warehouse.' },
    {
      command: 'gccflow test --select result:fail --state last-artifacts',
      description: 'Those that failed in the run that left the artifacts.',
    },
    { command: 'gccflow test --select test_type:singular', description: 'The tests of tests/data.' },
  ],
  positionals: [],
  options: { ...selectionOptions, ...runOptions },
  async run(values, context) {
    const { runSelected } = await import('../run-selected.ts');
    return runSelected({ command: 'test', fullRefresh: false }, values, context);
  },
});
