import { once } from 'node:events';
import { hostname } from 'node:os';
import { openBroker } from '../connections/open-broker.ts';
import { openPostgres } from '../connections/open-postgres.ts';
import { serveFlows, stopMs } from '../scrape/api/serve-flows.ts';
import { ServedTasks } from '../scrape/api/served-tasks.ts';
import { openRelay } from '../scrape/outbox/relay.ts';
import { openTaskQueue } from '../scrape/queue/open-task-queue.ts';
import { isPaused } from '../scrape/queue/pause-flows.ts';
import { topologyOf } from '../sink/topology.ts';
import type { CommandContext, Values } from './command.ts';
import { openFlowRuns } from './open-flow-runs.ts';
import { type OpenProject, openProject } from './open-project.ts';
import type { EverywhereOptions } from './options.ts';
import { readVersion } from './read-version.ts';

export interface ServeFlags {
  readonly host: string | undefined;
  readonly port: number | undefined;
}

/** What publishing the last events and closing the connections may take after the last answer. */
const closeMs = 5000;
const drainMs = 3000;
/** Of the queue and of what requests look up; */
const queueConnections = 8;
/** and of the flows' own transactions, limits and credentials. */
const flowConnections = 8;

/** Serves the flows of the project until the command is told to stop. */
export async function serveScrapeWith(
  { host, port, ...values }: Values<EverywhereOptions> & ServeFlags,
  context: CommandContext,
): Promise<void> {
  const { log, signal, output, allowStop } = context;
  allowStop(stopMs + closeMs, 'requests under way are answered');
  const opened = await openProject(values, context);
  const { target, name } = opened.project;
  await using services = await openServices(opened, context);
  const serve = { ...target.serve, ...(host !== undefined && { host }), ...(port !== undefined && { port }) };
  await using server = await serveFlows({ ...services, serve, title: name, version: readVersion(), log });
  output.print(server.address);
  const served = services.flows.filter(({ flow }) => flow.serve !== null).length;
  output.note(`serving ${served} of ${services.flows.length} flows, described at ${server.address}/docs; stop with Ctrl-C`);
  if (!signal.aborted) await once(signal, 'abort');
}

/** All that requests need. It outlives the command's signal: requests under way are still answered. */
async function openServices({ project: { dir, target }, manifest }: OpenProject, { log, signal, secrets }: CommandContext) {
  await using opening = new AsyncDisposableStack();
  const nodes = [...manifest.nodes.values()];
  const flows = nodes.filter((node) => node.kind === 'flow');
  const apis = nodes.filter((node) => node.kind === 'api');
  const sinks = nodes.filter((node) => node.kind === 'sink');
  const lives = new AbortController();
  opening.defer(() => lives.abort());
  const postgres = opening.use(await openPostgres(target.postgres, { projectDir: dir, maxConnections: queueConnections, log }));
  signal.throwIfAborted();
  const queue = opening.use(await openTaskQueue(postgres));
  const relay = opening.use(
    openRelay({
      postgres,
      log,
      openBroker: () => openBroker(target.broker, { projectDir: dir, postgres: target.postgres, log, signal: lives.signal }),
      declare: (broker) => broker.declare(topologyOf(sinks, [])),
    }),
  );
  opening.defer(() => relay.drain(AbortSignal.timeout(drainMs)));
  const { runs } = opening.use(
    await openFlowRuns({
      projectDir: dir,
      target,
      flows,
      apis,
      runs: flows.filter(({ flow }) => flow.serve !== null).map(({ name }) => name),
      maxConnections: flowConnections,
      mask: (text) => secrets.redact(text),
      log,
      signal: lives.signal,
    }),
  );
  const tasks = opening.use(
    new ServedTasks({
      queue,
      run: runs,
      isPaused: (flow) => isPaused(postgres, flow),
      onWritten: () => relay.wake(),
      worker: `${hostname()}-${process.pid}-api`,
      log,
    }),
  );
  const open = opening.move();
  return { flows, tasks, queue, postgres, [Symbol.asyncDispose]: () => open.disposeAsync() };
}
