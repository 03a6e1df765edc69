import { once } from 'node:events';
import { openBroker } from '../connections/open-broker.ts';
import { openIngest, stopMs } from '../ingest/run-ingest.ts';
import type { IngestNode } from '../manifest/manifest.ts';
import { topologyOf } from '../sink/topology.ts';
import type { CommandContext } from './command.ts';
import type { OpenProject } from './open-project.ts';
import { openingSignal } from './opening-signal.ts';

/** What closing the connections may take after the last answer. */
const closeMs = 5000;

/**
 * Serves ingests until the command is told to stop. The queues of the sinks are declared too: what is published before the first sink runs
 * has a place to wait.
 */
export async function runIngests(
  ingests: readonly IngestNode[],
  { project, manifest }: OpenProject,
  { log, clock, signal, output, allowStop }: Pick<CommandContext, 'log' | 'clock' | 'signal' | 'output' | 'allowStop'>,
): Promise<void> {
  const { broker: config, postgres } = project.target;
  allowStop(stopMs + closeMs, 'requests under way are answered');
  using opening = openingSignal(signal);
  await using open = new AsyncDisposableStack();
  const broker = open.use(await openBroker(config, { projectDir: project.dir, postgres, log, signal: opening.signal }));
  const sinks = [...manifest.nodes.values()].filter((node) => node.kind === 'sink');
  await broker.declare(topologyOf(sinks, ingests));
  for (const ingest of ingests) {
    const running = await openIngest(ingest, { broker, projectDir: project.dir, clock, log: log.child({ ingest: ingest.name }) });
    open.use(running);
    for (const address of running.addresses) output.print(address);
  }
  opening.keep();
  output.note(`taking events for ${broker.location}; stop with Ctrl-C`);
  if (!signal.aborted) await once(signal, 'abort');
}
