import { defineCommand } from '../command.ts';
import { runOptions, state } from '../options.ts';

export const retry = defineCommand({
  name: 'retry',
  summary: 'Run again what failed or was skipped in the last run.',
  description:
    'Reads target/run_results.json and runs the nodes again that failed or were skipped, with the command, target, vars and flags of that run. Flags given here win.',
  examples: [
    { command: 'gccflow retry', description: 'After the cause of a failure is gone.' },
    { command: 'gccflow retry --threads 1 --log-level debug', description: 'The same, one node at a time, with more to read.' },
  ],
  positionals: [],
  options: { ...runOptions, state },
  async run(values, context) {
    const { retryLastRun } = await import('../retry-last-run.ts');
    return retryLastRun(values, context);
  },
});
