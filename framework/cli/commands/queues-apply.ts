import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { json, selectionOptions } from '../options.ts';

export const queuesApply = defineCommand({
  name: 'queues apply',
  summary: 'Create what is missing of them.',
  description:
    'Creates the exchanges, queues, bindings, delay queues and dead-letter queues of sinks and ingests that the broker does not have. What is there stays as it is: one with other properties is reported with both sides, nothing more is created then, and the exit code is 1. `gccflow sink` does the same for its own at its start.',
  examples: [
    { command: 'gccflow queues apply', description: 'The whole project.' },
    { command: 'gccflow queues apply --select tag:beat', description: 'The queues of some sinks.' },
  ],
  positionals: [],
  options: { ...selectionOptions, json },
  async run(values, context) {
    const { openStreams } = await import('../open-streams.ts');
    const { topologyOf } = await import('../../sink/topology.ts');
    await using streams = await openStreams(values, context);
    const topology = topologyOf(streams.sinks, streams.ingests);
    const before = await streams.broker.compare(topology);
    await streams.broker.declare(topology);
    const created = before.filter(({ action }) => action === 'create');
    if (values.json) context.output.printJson(created);
    else {
      for (const { kind, name } of created) context.output.print(`created  ${kind.padEnd(8)}  ${name}`);
      context.output.note(
        `${streams.broker.location}: ${created.length} created, ${before.length - created.length} were there or are declared again`,
      );
    }
    return exitCode.ok;
  },
});
