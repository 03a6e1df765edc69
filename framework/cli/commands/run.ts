import { defineCommand } from '../command.ts';
import { fullRefresh, intervalRange, requireFresh, runOptions, selectionOptions } from '../options.ts';

export const run = defineCommand({
  name: 'run',
  summary: 'Build models, without tests.',
  description:
    'Builds the chosen models and publishes them without running their tests, as dbt run does. Use build to test rows before they are published.',
  examples: [
    { command: 'gccflow run --select tag:core', description: 'The models that carry a tag, as cron does.' },
    { command: 'gccflow run --threads 8 --log-format json', description: 'Every model, eight at once, with progress as JSON.' },
    {
      command: 'gccflow run -s events_daily --start 2024-01-01 --end 2024-02-01',
      description: 'Write the intervals of January again, and those that are due.',
    },
  ],
  positionals: [],
  options: { ...selectionOptions, ...runOptions, ...fullRefresh, ...intervalRange, ...requireFresh },
  async run(values, context) {
    const { runSelected } = await import('../run-selected.ts');
    const { parseIntervalRange } = await import('../parse-interval-range.ts');
    const asked = parseIntervalRange(values);
    const how = { fullRefresh: values['full-refresh'] === true, requireFresh: values['require-fresh'] === true, ...(asked && { asked }) };
    return runSelected({ command: 'run', ...how }, values, context);
  },
});
