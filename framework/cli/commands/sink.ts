import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { json, selectionOptions } from '../options.ts';

export const sink = defineCommand({
  name: 'sink',
  summary: 'Drain queues into tables and APIs.',
  description:
    'Declares the queues of the chosen sinks, and stores what comes in them until it is stopped: a delivery is removed from its queue when its rows are stored, or when the broker keeps it as a retry or a dead letter. Any number of processes may drain the same queues. The first signal makes it store what it holds and end with 0; a second one ends it at once, and the broker delivers again what was held.',
  examples: [
    { command: 'gccflow sink', description: 'Every sink of the project.' },
    { command: 'gccflow sink profile_log_events post_log_events', description: 'Some by their names.' },
    { command: 'gccflow sink --select tag:beat', description: 'Those with a tag.' },
    { command: 'gccflow sink --until-empty', description: 'Store what waits and end, for cron and tests.' },
  ],
  positionals: [
    { name: 'name', description: 'Names of sinks; all that --select picks where none are given.', several: true, completes: 'sink' },
  ],
  service: true,
  options: {
    ...selectionOptions,
    'until-empty': { type: 'boolean', description: 'End when the queues, and retries on their way, are stored.' },
    grace: { type: 'text', value: 'DURATION', description: 'How long storing what is held may take after a signal. Default: 25s.' },
    json,
  },
  async run(values, context) {
    const { runSinksWith } = await import('../run-sinks-with.ts');
    const select = [...values.select, ...context.positionals];
    await runSinksWith({ ...values, select }, context);
    return exitCode.ok;
  },
});
