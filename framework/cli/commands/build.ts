import { defineCommand } from '../command.ts';
import { fullRefresh, intervalRange, requireFresh, runOptions, selectionOptions } from '../options.ts';

export const build = defineCommand({
  name: 'build',
  summary: 'Load seeds, build and test models, run syncs.',
  description:
    'Loads the chosen seeds, builds the chosen models, runs their tests on the new rows before they are published, and publishes syncs to PostgreSQL, all in the order of the graph. A model whose test fails keeps its old rows; what depends on it is skipped. Unit tests are not run: gccflow check and gccflow test do.',
  examples: [
    { command: 'gccflow build', description: 'Everything.' },
    { command: 'gccflow build --select stg_post+', description: 'A model and everything that reads it.' },
    { command: 'gccflow build --full-refresh --select mart_series', description: 'Build an incremental model from nothing.' },
    {
      command: 'gccflow build -t pr --select state:modified+ --defer --state prod-artifacts',
      description: 'What a change touches, reading all else where production has it.',
    },
    { command: 'gccflow build --require-fresh', description: 'Skip what is made of sources whose newest rows are too old.' },
    {
      command: 'gccflow build -t prod --wait-lock 10m -x',
      description: 'On another target; wait for a running build, stop at the first failure.',
    },
  ],
  positionals: [],
  options: { ...selectionOptions, ...runOptions, ...fullRefresh, ...intervalRange, ...requireFresh },
  async run(values, context) {
    const { runSelected } = await import('../run-selected.ts');
    const { parseIntervalRange } = await import('../parse-interval-range.ts');
    const asked = parseIntervalRange(values);
    const how = { fullRefresh: values['full-refresh'] === true, requireFresh: values['require-fresh'] === true, ...(asked && { asked }) };
    return runSelected({ command: 'build', ...how }, values, context);
  },
});
