import { defineCommand } from '../command.ts';
import { fullRefresh, requireFresh, runOptions, selectionOptions } from '../options.ts';

export const run = defineCommand({
  name: 'run',
  summary: 'Build models, without tests.',
  description:
    'Builds the chosen models and publishes them without running their tests, as dbt run does. Use build to test rows before they are published.',
  examples: [
    { command: 'gccflow run --select tag:core', description: 'The models that carry a tag, as cron does.' },
    { command: 'gccflow run --threads 8 --log-format json', description: 'Every model, eight at once, with progress as JSON.' },
  ],
  positionals: [],
  options: { ...selectionOptions, ...runOptions, ...fullRefresh, ...requireFresh },
  async run(values, context) {
    const { runSelected } = await import('../run-selected.ts');
    const how = { fullRefresh: values['full-refresh'] === true, requireFresh: values['require-fresh'] === true };
    return runSelected({ command: 'run', ...how }, values, context);
  },
});
