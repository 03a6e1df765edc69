import { resolve } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { openBroker } from '../connections/open-broker.ts';
import type { Warehouse } from '../connections/warehouse.ts';
import { parseDuration } from '../foundation/duration.ts';
import { GccflowError } from '../foundation/error.ts';
import type { SinkNode } from '../manifest/manifest.ts';
import type { Project } from '../project/project.ts';
import { runSinks } from '../sink/run-sinks.ts';
import type { CommandContext, Values } from './command.ts';
import { type ConnectionOptions, openTargetPostgres, openTargetWarehouse } from './open-connections.ts';
import { type OpenProject, openProject } from './open-project.ts';
import type { EverywhereOptions, SelectionOptions } from './options.ts';
import { nodesOf, selectFrom } from './select-from.ts';
import { openSinkProgress, printSinks } from './sink-progress.ts';

export interface SinkFlags {
  readonly 'until-empty': boolean | undefined;
  readonly grace: string | undefined;
  readonly json: boolean | undefined;
}

const defaultGraceMs = 25_000;
/** What closing the connections may take after the grace. */
const closeMs = 5000;

/**
 * What a sink makes lives as long as its batch. V8 would let the space of young objects grow to its limit and copy most of them all the same,
 * and free the old ones when there is four times of what is held. With the young space it has at the start, and old objects freed at two and
 * a half times, draining 200,000 events takes 240 MB instead of 385.
 */
const steadyHeap = ['--semi-space-growth-factor=1', '--heap-growing-percent=150'] as const;

/** Runs the sinks that the flags pick, and prints at the end what became of their deliveries. */
export async function runSinksWith(
  values: Values<SelectionOptions & EverywhereOptions> & SinkFlags,
  context: CommandContext,
): Promise<void> {
  const { log, clock, signal, output } = context;
  for (const flag of steadyHeap) setFlagsFromString(flag);
  const graceMs = parseGrace(values.grace);
  context.allowStop(graceMs + closeMs, 'what is held is stored');
  const opened = await openProject(values, context);
  const selection = await selectFrom(opened, values, ['sink']);
  const nodes = nodesOf(opened, selection).filter((node) => node.kind === 'sink');
  if (nodes.length === 0) {
    output.note('No sink is selected, nothing is done.');
    return;
  }
  await using connections = await openStreams(opened, nodes, { log, signal, graceMs });
  using progress = openSinkProgress({ output, clock, log });
  const untilEmpty = values['until-empty'] === true;
  const { broker } = connections;
  const counts = await runSinks(nodes, {
    ...connections,
    projectDir: opened.project.dir,
    log,
    clock,
    signal,
    graceMs,
    untilEmpty,
    onStart: (running) => {
      output.note(
        `draining ${nodes.length} ${nodes.length === 1 ? 'queue' : 'queues'} of ${broker.location}${untilEmpty ? '' : '; stop with Ctrl-C'}`,
      );
      progress.start(running);
    },
  });
  printSinks(counts, { output, json: values.json === true });
}

function parseGrace(text: string | undefined): number {
  const ms = text === undefined ? defaultGraceMs : parseDuration(text);
  if (ms !== undefined) return ms;
  throw new GccflowError('USAGE', `'--grace' takes a duration, not '${text}'.`, { hint: 'Write for example 10s or 2m.' });
}

type StreamOptions = Pick<CommandContext, 'log' | 'signal'> & { readonly graceMs: number };

/** Opens the broker, and of the destinations those that a sink writes to. */
async function openStreams({ project }: OpenProject, nodes: readonly SinkNode[], { log, signal, graceMs }: StreamOptions) {
  await using opening = new AsyncDisposableStack();
  const { broker: config, postgres } = project.target;
  const lives = ends(opening, signal, graceMs);
  const broker = opening.use(await openBroker(config, { projectDir: project.dir, postgres, log, signal: lives.signal }));
  const writesTo = (key: string): boolean => nodes.some(({ sink }) => key in sink.to);
  const options = { threads: nodes.length, log, signal: lives.signal, waitLockMs: 0 };
  const warehouse = writesTo('clickhouse') ? opening.use(await openLastingWarehouse(project, options)) : null;
  const database = writesTo('postgres') ? opening.use(await openTargetPostgres(project, options)) : null;
  lives.keep();
  const open = opening.move();
  return { broker, warehouse, postgres: database, [Symbol.asyncDispose]: () => open.disposeAsync() };
}

/** Opens the target's ClickHouse. An embedded one may be served by a process that ends and comes back while the sinks run. */
async function openLastingWarehouse(project: Project, options: ConnectionOptions): Promise<Warehouse> {
  const warehouse = await openTargetWarehouse(project, options);
  const { dir, target } = project;
  if (target.warehouse.type !== 'embedded') return warehouse;
  const { followServed } = await import('../connections/served-warehouse.ts');
  const { threads, log, signal } = options;
  return followServed(warehouse, resolve(dir, target.warehouse.path), { sessions: threads + 2, log, signal });
}

/**
 * While things are opened the command's signal ends it. After that a broker has to come back until what is held is settled, and a statement
 * has as long: until the grace is over.
 */
function ends(opening: AsyncDisposableStack, signal: AbortSignal, graceMs: number) {
  const controller = new AbortController();
  let waitMs = 0;
  const end = (): void => controller.abort(signal.reason);
  const abort = (): void => {
    if (waitMs === 0) end();
    else setTimeout(end, waitMs).unref();
  };
  const keep = (): void => {
    waitMs = graceMs;
  };
  signal.addEventListener('abort', abort);
  opening.defer(() => signal.removeEventListener('abort', abort));
  signal.throwIfAborted();
  return { signal: controller.signal, keep };
}
