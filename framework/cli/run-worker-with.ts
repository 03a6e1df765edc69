import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { openBroker } from '../connections/open-broker.ts';
import { openPostgres } from '../connections/open-postgres.ts';
import type { Postgres } from '../connections/postgres.ts';
import { parseDuration } from '../foundation/duration.ts';
import { GccflowError } from '../foundation/error.ts';
import type { FlowNode } from '../manifest/manifest.ts';
import { namedSecrets } from '../manifest/mask-secrets.ts';
import { openRelay } from '../scrape/outbox/relay.ts';
import { inspectOutbox } from '../scrape/outbox/waiting-events.ts';
import { openTaskQueue } from '../scrape/queue/open-task-queue.ts';
import { openNursery } from '../scrape/worker/fork-child.ts';
import { openMetrics, type WorkerMetrics } from '../scrape/worker/metrics.ts';
import { hasWork, queueAges } from '../scrape/worker/queue-state.ts';
import { type RunningWorker, runWorker } from '../scrape/worker/run-worker.ts';
import { topologyOf } from '../sink/topology.ts';
import type { CommandContext, Values } from './command.ts';
import { type OpenProject, openProject } from './open-project.ts';
import type { EverywhereOptions, SelectionOptions } from './options.ts';
import { nodesOf, selectFrom } from './select-from.ts';
import { serveMetrics } from './serve-metrics.ts';
import { openWorkerProgress, printWorker } from './worker-progress.ts';

export interface WorkerFlags {
  readonly 'until-empty': boolean | undefined;
  readonly grace: string | undefined;
  readonly 'metrics-port': number | undefined;
  readonly json: boolean | undefined;
}

const child = fileURLToPath(new URL('worker-child.mjs', import.meta.url));
const defaultGraceMs = 25_000;
/** What closing the connections may take after the grace. */
const closeMs = 5000;
/** The exchange, the listening, the house, leases, the relay, and one for questions. */
const connections = 6;

/** Runs the flows that the flags pick, and prints at the end what became of their attempts. */
export async function runWorkerWith(
  values: Values<SelectionOptions & EverywhereOptions> & WorkerFlags,
  context: CommandContext,
): Promise<void> {
  const { log, clock, signal, output } = context;
  const graceMs = parseGrace(values.grace);
  context.allowStop(graceMs + closeMs, 'running tasks are ended');
  const opened = await openProject(values, context);
  const flows = nodesOf(opened, await selectFrom(opened, values, ['flow'])).filter((node) => node.kind === 'flow');
  if (flows.length === 0) {
    output.note('No flow is selected, nothing is done.');
    return;
  }
  const { project } = opened;
  await using services = await openServices(opened, context);
  const { postgres, queue } = services;
  using nursery = openNursery(child);
  using progress = openWorkerProgress({ output, clock, log, untilEmpty: values['until-empty'] === true });
  await using monitoring = await openMonitoring(values['metrics-port'], flows, postgres);
  if (monitoring.address !== null) output.note(`metrics at ${monitoring.address}`);
  services.onPublished = monitoring.metrics?.published;
  const counts = await runWorker(flows, {
    queue,
    relay: services.relay,
    fork: nursery.fork,
    setup: setupOf(opened),
    workers: project.target.workers,
    house: { retainDays: project.target.task_history_days },
    worker: `${hostname()}-${process.pid}`,
    log,
    signal,
    graceMs,
    isDrained: values['until-empty'] === true ? () => isDrained(postgres, flows) : null,
    ...(monitoring.metrics && { metrics: monitoring.metrics }),
    onStart: (running) => {
      monitoring.start(running);
      progress.start(running);
      const { processes } = running;
      output.note(
        `running ${numbered(flows.length, 'flow', 'flows')} in ${numbered(processes, 'process', 'processes')}${values['until-empty'] ? '' : '; stop with Ctrl-C'}`,
      );
    },
    onAllReady: () => output.note('all processes are ready'),
  });
  printWorker(counts, { output, json: values.json === true });
  progress.tellTroubles();
}

function numbered(count: number, one: string, several: string): string {
  return `${count} ${count === 1 ? one : several}`;
}

function parseGrace(text: string | undefined): number {
  const ms = text === undefined ? defaultGraceMs : parseDuration(text);
  if (ms !== undefined) return ms;
  throw new GccflowError('USAGE', `'--grace' takes a duration, not '${text}'.`, { hint: 'Write for example 10s or 2m.' });
}

/** Everything a child needs, so that it reads no project. */
function setupOf({ project, manifest }: OpenProject) {
  const nodes = [...manifest.nodes.values()];
  return {
    projectDir: project.dir,
    target: project.target,
    flows: nodes.filter((node) => node.kind === 'flow'),
    apis: nodes.filter((node) => node.kind === 'api'),
    secrets: namedSecrets(manifest),
  };
}

/**
 * The queue and the relay. They outlive the command's signal: what ends after it is still written. The relay declares the queues of the sinks:
 * what is published before the first sink runs has a place to wait.
 */
async function openServices(opened: OpenProject, { log, signal }: CommandContext) {
  await using opening = new AsyncDisposableStack();
  const { dir, target } = opened.project;
  const sinks = [...opened.manifest.nodes.values()].filter((node) => node.kind === 'sink');
  const postgres = opening.use(await openPostgres(target.postgres, { projectDir: dir, maxConnections: connections, log }));
  signal.throwIfAborted();
  const queue = opening.use(await openTaskQueue(postgres));
  const lives = new AbortController();
  opening.defer(() => lives.abort());
  const services: { onPublished: ((events: number) => void) | undefined } = { onPublished: undefined };
  const relay = opening.use(
    openRelay({
      postgres,
      log,
      openBroker: () => openBroker(target.broker, { projectDir: dir, postgres: target.postgres, log, signal: lives.signal }),
      declare: (broker) => broker.declare(topologyOf(sinks, [])),
      onPublished: (events) => services.onPublished?.(events),
    }),
  );
  const open = opening.move();
  return Object.assign(services, { postgres, queue, relay, [Symbol.asyncDispose]: () => open.disposeAsync() });
}

async function isDrained(postgres: Postgres, flows: readonly FlowNode[]): Promise<boolean> {
  const names = flows.map(({ name }) => name);
  return !(await hasWork(postgres, names)) && (await inspectOutbox(postgres)).due === 0;
}

interface Monitoring extends AsyncDisposable {
  readonly metrics: WorkerMetrics | undefined;
  readonly address: string | null;
  readonly start: (running: RunningWorker) => void;
}

async function openMonitoring(port: number | undefined, flows: readonly FlowNode[], postgres: Postgres): Promise<Monitoring> {
  if (port === undefined) return { metrics: undefined, address: null, start: () => {}, async [Symbol.asyncDispose]() {} };
  const names = flows.map(({ name }) => name);
  let worker: RunningWorker | null = null;
  const metrics = openMetrics({
    running: () => worker?.running() ?? new Map(),
    queueAges: () => queueAges(postgres, names).catch(() => null),
    outbox: () => inspectOutbox(postgres).catch(() => null),
  });
  const server = await serveMetrics(port, metrics);
  const start = (running: RunningWorker): void => {
    worker = running;
  };
  return { metrics, address: server.address, start, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}
