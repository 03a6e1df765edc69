import { GccflowError } from '../../foundation/error.ts';
import { defineCommand } from '../command.ts';
import { filterOptions, noneFits, parseFilter, sinkPositional } from '../dead-letter-filter.ts';
import { exitCode } from '../exit-code.ts';
import { json } from '../options.ts';

export const deadLettersPurge = defineCommand({
  name: 'dead-letters purge',
  summary: 'Remove dead letters.',
  description:
    'Removes dead letters of a sink for good: those that the filters mean, or all of the sink with --yes. `gccflow dead-letters show SINK --json` prints them before.',
  examples: [
    { command: 'gccflow dead-letters purge event --code BODY_SYNTAX', description: 'What was no JSON.' },
    { command: 'gccflow dead-letters purge event --yes', description: 'All of a sink.' },
  ],
  positionals: [sinkPositional],
  options: { ...filterOptions, yes: { type: 'boolean', description: 'All of the sink, where no filter is given.' }, json },
  async run(values, context) {
    const { openDeadLetters } = await import('../open-dead-letters.ts');
    const { isEverything, purgeDeadLetters } = await import('../../sink/dead-letters.ts');
    const { clock, signal, output } = context;
    const filter = parseFilter(values, clock);
    if (isEverything(filter) && values.yes !== true) {
      throw new GccflowError('USAGE', 'Removing all dead letters of a sink needs --yes.', {
        hint: 'Or give a filter: --code, --since, --id.',
      });
    }
    await using opened = await openDeadLetters(values, context);
    const { node, queue, broker } = opened;
    const removed = await purgeDeadLetters(queue, filter, { broker, signal });
    if (values.json) output.printJson({ sink: node.name, queue: queue.name, removed });
    else output.print(`${removed.toLocaleString('en')} removed from ${queue.name}`);
    if (removed === 0) output.note(noneFits(node.name));
    return exitCode.ok;
  },
});
