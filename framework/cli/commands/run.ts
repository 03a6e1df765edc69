import { defineCommand } from '../command.ts';
import { fullRefresh, runOptions, selectionOptions } from '../options.ts';

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
  options: { ...selectionOptions, ...runOptions, ...fullRefresh },
  async run(values, context) {
    const { runSelected } = await import('../run-selected.ts');
    return runSelected({ command: 'run', fullRefresh: values['full-refresh'] === true }, values, context);
  },
});
