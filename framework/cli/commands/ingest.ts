import { GccflowError } from '../../foundation/error.ts';
import { defineCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { selectionOptions } from '../options.ts';

export const ingest = defineCommand({
  name: 'ingest',
  summary: 'Take events by gRPC and HTTP, and publish them.',
  description:
    'Runs the servers of the chosen ingests until it is stopped. A request is answered when the broker has stored its events, as far as an ingest does not say otherwise. When it is stopped, requests under way are still answered.',
  examples: [
    { command: 'gccflow ingest', description: 'Every ingest of the project.' },
    { command: 'gccflow ingest events', description: 'One by its name.' },
    { command: 'gccflow ingest --select tag:webhooks', description: 'Those with a tag.' },
  ],
  positionals: [
    { name: 'name', description: 'Names of ingests; all that --select picks where none are given.', several: true, completes: 'ingest' },
  ],
  service: true,
  options: selectionOptions,
  async run(values, context) {
    const { openProject } = await import('../open-project.ts');
    const { nodesOf, selectFrom } = await import('../select-from.ts');
    const { runIngests } = await import('../run-ingests.ts');
    const opened = await openProject(values, context);
    const select = [...values.select, ...context.positionals];
    const nodes = nodesOf(opened, await selectFrom(opened, { ...values, select }, ['ingest']));
    const ingests = nodes.filter((node) => node.kind === 'ingest');
    if (ingests.length === 0 && values['allow-empty'] !== true) {
      throw new GccflowError('SELECTOR_NO_MATCH', 'There is no ingest to run.', { hint: 'A file with `kind: ingest` declares one.' });
    }
    await runIngests(ingests, opened, context);
    return exitCode.ok;
  },
});
