import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { json, selectionOptions } from '../options.ts';

export const queuesPlan = defineCommand({
  name: 'queues plan',
  summary: 'Compare exchanges, queues and bindings with the broker.',
  description:
    'Prints what `queues apply` would create of the exchanges, queues, bindings, delay queues and dead-letter queues that sinks and ingests declare, and everything that is there with other properties, with both sides. Changes nothing. RabbitMQ does not tell of bindings: those are declared again, which does nothing where they are there. Exits 1 if anything differs.',
  examples: [
    { command: 'gccflow queues plan', description: 'The whole project.' },
    { command: 'gccflow queues plan --select event --json', description: 'One sink, as JSON.' },
  ],
  positionals: [],
  options: { ...selectionOptions, json },
  async run(values, context) {
    const { openStreams } = await import('../open-streams.ts');
    const { topologyOf } = await import('../../sink/topology.ts');
    const { countTopology, formatTopology } = await import('../format-topology.ts');
    await using streams = await openStreams(values, context);
    const changes = await streams.broker.compare(topologyOf(streams.sinks, streams.ingests));
    if (values.json) context.output.printJson(changes);
    else {
      const lines = formatTopology(changes);
      if (lines !== '') context.output.print(lines);
      context.output.note(`${streams.broker.location}: ${countTopology(changes) || 'nothing is declared'}`);
    }
    return changes.some(({ action }) => action === 'mismatch') ? exitCode.failed : exitCode.ok;
  },
});
