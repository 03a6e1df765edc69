import { GccflowError } from '../../foundation/error.ts';
import { defineCommand } from '../command.ts';
import { filterOptions, noneFits, parseFilter, sinkPositional } from '../dead-letter-filter.ts';
import { exitCode } from '../exit-code.ts';
import { json } from '../options.ts';

export const deadLettersReplay = defineCommand({
  name: 'dead-letters replay',
  summary: 'Put dead letters back into their queue.',
  description:
    'Publishes dead letters of a sink once more into its queue, and no other, in their order, without what was noted of their failure; each is removed when the broker has stored it. What fails again meanwhile is not replayed a second time. Filters hold together; what they do not mean stays. A crash may replay a dead letter twice, with the same message id: a sink with deduplicate_by stores it once.',
  examples: [
    { command: 'gccflow dead-letters replay event --all', description: 'After the cause is set right.' },
    {
      command: 'gccflow dead-letters replay event --code FIELD_TYPE --since 1h',
      description: 'What failed for one reason in the last hour.',
    },
  ],
  positionals: [sinkPositional],
  options: { ...filterOptions, all: { type: 'boolean', description: 'All of the sink.' }, json },
  async run(values, context) {
    const { openDeadLetters } = await import('../open-dead-letters.ts');
    const { isEverything } = await import('../../sink/dead-letters.ts');
    const { replayDeadLetters } = await import('../../sink/replay.ts');
    const { newId } = await import('../../run/new-id.ts');
    const { clock, signal, output } = context;
    const filter = parseFilter(values, clock);
    if (isEverything(filter) !== (values.all === true)) throw unclear(values.all === true);
    await using opened = await openDeadLetters(values, context);
    const { node, queue, broker } = opened;
    const { replayed, kept, failure } = await replayDeadLetters(node, queue, filter, { broker, clock, signal, newId: () => newId(clock) });
    if (values.json) output.printJson({ sink: node.name, queue: queue.name, into: node.sink.queue.name, replayed, kept });
    else
      output.print(
        `${replayed.toLocaleString('en')} replayed into ${node.sink.queue.name}, ${kept.toLocaleString('en')} stay in ${queue.name}`,
      );
    if (failure !== null) throw failure;
    if (replayed === 0) output.note(noneFits(node.name));
    return exitCode.ok;
  },
});

function unclear(isAll: boolean): GccflowError {
  const message = isAll ? "'--all' and a filter contradict each other." : 'Which dead letters is not said.';
  return new GccflowError('USAGE', message, { hint: 'Give --all, or a filter: --code, --since, --id.' });
}
