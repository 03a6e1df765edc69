import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { json, selectionOptions } from '../options.ts';

export const worker = defineCommand({
  name: 'worker',
  summary: 'Run the tasks of flows.',
  description:
    'Runs the tasks of the chosen flows in child processes until it is stopped, as many as each flow declares where the target says `workers: declared`, otherwise one for all. A task belongs to a worker for the lease of its flow, which is lengthened while its process answers; a process that crashes or stops answering is replaced, and a task that killed its process is charged with an attempt. Events of flows are published from the outbox. Any number of workers may run the same flows. The first signal makes it lease nothing more, end what runs and give back the rest; a second one ends it at once, and the tasks fall due when their leases have run out.',
  examples: [
    { command: 'gccflow worker', description: 'Every flow of the project.' },
    { command: 'gccflow worker refresh_profile_by_handle', description: 'One by its name.' },
    { command: 'gccflow worker --select tag:youtube --metrics-port 9464', description: 'Those with a tag, with metrics for Prometheus.' },
    { command: 'gccflow worker --until-empty', description: 'Run what is queued and end, for cron and tests.' },
  ],
  positionals: [
    { name: 'name', description: 'Names of flows; all that --select picks where none are given.', several: true, completes: 'flow' },
  ],
  service: true,
  options: {
    ...selectionOptions,
    'until-empty': {
      type: 'boolean',
      description:
        'End when no task is queued or running and no event waits; tasks of paused flows, and those for a later time that have not begun, do not count.',
    },
    grace: { type: 'text', value: 'DURATION', description: 'How long tasks may take to end after a signal. Default: 25s.' },
    'metrics-port': {
      type: 'number',
      least: 0,
      value: 'PORT',
      description: 'Serve metrics for Prometheus there, on 127.0.0.1.',
    },
    json,
  },
  async run(values, context) {
    const { runWorkerWith } = await import('../run-worker-with.ts');
    const select = [...values.select, ...context.positionals];
    await runWorkerWith({ ...values, select }, context);
    return exitCode.ok;
  },
});
