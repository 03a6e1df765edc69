import { openPostgres } from '../connections/open-postgres.ts';
import type { Postgres } from '../connections/postgres.ts';
import { systemClock } from '../foundation/clock.ts';
import type { Log } from '../foundation/log.ts';
import type { ApiNode, FlowNode } from '../manifest/manifest.ts';
import type { TargetConfig } from '../project/target-config.ts';
import type { AssetUploads } from '../scrape/assets/asset-uploads.ts';
import type { ApiCalls } from '../scrape/calls/api-calls.ts';
import type { HttpClient } from '../scrape/calls/http-client.ts';
import type { CallMeter } from '../scrape/calls/open-api-calls.ts';
import type { RunFlow } from '../scrape/flow/flow-deps.ts';
import { openFlows } from '../scrape/flow/open-flows.ts';
import { addEvents } from '../scrape/outbox/add-events.ts';
import { eventId } from '../scrape/outbox/event-id.ts';
import { enqueueTasksWithin } from '../scrape/queue/enqueue.ts';
import { completeTask } from '../scrape/queue/leases.ts';

export interface FlowRunsOptions {
  readonly projectDir: string;
  readonly target: TargetConfig;
  /** All of the project, as a task may queue tasks of any flow. */
  readonly flows: readonly FlowNode[];
  readonly apis: readonly ApiNode[];
  /** Names of the flows that are to run. */
  readonly runs: readonly string[];
  readonly maxConnections: number;
  /** A text without secrets. */
  readonly mask: (text: string) => string;
  readonly log: Log;
  /** Ends the waiting for services that do not answer. */
  readonly signal: AbortSignal;
  readonly meter?: CallMeter;
}

export interface FlowRuns extends AsyncDisposable {
  /** By the flow's name. */
  readonly runs: ReadonlyMap<string, RunFlow>;
}

/** There may be hundreds of processes, each with its own connections, and most of them have little to do most of the time. */
const idleMs = 10_000;

/** Makes flows ready to run. Services are opened when the first task needs them: a flow that calls nothing and writes nothing opens none. */
export async function openFlowRuns(options: FlowRunsOptions): Promise<FlowRuns> {
  await using opening = new AsyncDisposableStack();
  const { projectDir, flows, apis, runs, mask, log } = options;
  // A stack of its own, as services are opened when this function has long given its own away.
  const services = lazyServices(opening.use(new AsyncDisposableStack()), options);
  const open = await openFlows(
    flows.filter(({ name }) => runs.includes(name)),
    {
      projectDir,
      apis: new Map(apis.map((node) => [node.name, node])),
      allFlows: new Map(flows.map((node) => [node.name, node])),
      calls: { call: async (call, signal) => (await services.calls()).call(call, signal) },
      queue: { enqueueWithin: enqueueTasksWithin, completeWithin: completeTask },
      postgres: services.postgres,
      uploads: services.uploads,
      addEvents,
      eventId,
      mask,
      log,
    },
  );
  const stack = opening.move();
  return { runs: open, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** Each is opened at its first use, and again at the next one where that failed; what is open goes on the stack. */
function lazyServices(stack: AsyncDisposableStack, options: FlowRunsOptions) {
  const { target, projectDir, maxConnections, log, signal } = options;
  const use = async <Service extends AsyncDisposable>(service: Service | Promise<Service>): Promise<Service> => stack.use(await service);
  const http = once(async (): Promise<HttpClient> => {
    const { openHttpClient } = await import('../scrape/calls/undici-client.ts');
    return use(openHttpClient());
  });
  const openPool = (most: number): Promise<Postgres> =>
    use(openPostgres(target.postgres, { projectDir, maxConnections: most, idleMs, log, signal }));
  const postgres = once(() => openPool(maxConnections));
  // Calls ask for limits and credentials while steps hold transactions open: out of one pool they would wait for each other.
  const postgresOfCalls = once(() => openPool(Math.ceil(maxConnections / 2)));
  const uploads = once(async (): Promise<AssetUploads> => {
    const { openAssetUploads } = await import('../scrape/assets/open-asset-uploads.ts');
    return use(openAssetUploads(target.assets, { http: await http(), projectDir, clock: systemClock }));
  });
  const calls = once(async (): Promise<ApiCalls> => use(openCalls(await http(), await postgresOfCalls(), options, use)));
  return { postgres, uploads, calls };
}

type Use = <Service extends AsyncDisposable>(service: Service | Promise<Service>) => Promise<Service>;

async function openCalls(http: HttpClient, postgres: Postgres, options: FlowRunsOptions, use: Use): Promise<ApiCalls> {
  const { target, projectDir, log, signal, meter } = options;
  const { openLimiter } = await import('../scrape/limits/open-limiter.ts');
  const { limitLine } = await import('../scrape/limits/limit-line.ts');
  const { openCredentials } = await import('../scrape/credentials/open-credentials.ts');
  const { loadCredentialKeys } = await import('../scrape/credentials/credential-keys.ts');
  const { openApiCalls } = await import('../scrape/calls/open-api-calls.ts');
  const limiter = await use(openLimiter(target.limiter, { postgres, log, signal }));
  const line = limitLine({ limiter, whenAway: target.limiter.when_away, log });
  const credentials = await use(openCredentials(postgres, { keys: () => loadCredentialKeys(target, projectDir), log }));
  return openApiCalls({ http, line, limiter, credentials, clock: systemClock, log, ...(meter && { meter }) });
}

/** The same promise for all who ask, until it rejects: then the next one tries again. */
function once<Service>(open: () => Promise<Service>): () => Promise<Service> {
  let opened: Promise<Service> | null = null;
  return () => {
    opened ??= open().catch((thrown: unknown) => {
      opened = null;
      throw thrown;
    });
    return opened;
  };
}
