import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import type { Postgres } from '../../framework/connections/postgres.ts';
import { systemClock } from '../../framework/foundation/clock.ts';
import { ServeConfig } from '../../framework/project/target-config.ts';
import { serveFlows } from '../../framework/scrape/api/serve-flows.ts';
import { ServedTasks } from '../../framework/scrape/api/served-tasks.ts';
import { openApiCalls } from '../../framework/scrape/calls/open-api-calls.ts';
import { openHttpClient } from '../../framework/scrape/calls/undici-client.ts';
import { openCredentials } from '../../framework/scrape/credentials/open-credentials.ts';
import { openFlows } from '../../framework/scrape/flow/open-flows.ts';
import { limitLine } from '../../framework/scrape/limits/limit-line.ts';
import { openLimiter } from '../../framework/scrape/limits/open-limiter.ts';
import { addEvents } from '../../framework/scrape/outbox/add-events.ts';
import { eventId } from '../../framework/scrape/outbox/event-id.ts';
import { isPaused } from '../../framework/scrape/queue/pause-flows.ts';
import type { TaskQueue } from '../../framework/scrape/queue/task-queue.ts';
import { apiNode, flowNode } from './flow-node.ts';
import { type RecordingLog, recordingLog } from './recording-log.ts';
import { scratchQueue } from './task-queue.ts';
import { openUpstream, status, type Upstream } from './upstream.ts';

type Written = Readonly<Record<string, unknown>>;

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Empty where the answer is no JSON. */
  readonly body: Record<string, unknown>;
}

export interface FlowServer extends AsyncDisposable {
  readonly address: string;
  readonly upstream: Upstream;
  readonly queue: TaskQueue;
  readonly tasks: ServedTasks;
  readonly postgres: Postgres;
  readonly log: RecordingLog;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<HttpAnswer>;
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<HttpAnswer>;
  /** Stops the server as the command does. */
  stop(): Promise<void>;
}

export interface FlowServerOptions {
  /** What stands in the files of flows. */
  readonly flows: readonly Written[];
  /** What stands in the file of the API `provider` besides its address. */
  readonly api?: Written;
  readonly serve?: Written;
  /** Over the queue of the test. */
  readonly queue?: (queue: TaskQueue) => TaskQueue;
}

/** Flows served over a real queue, limiter and provider. */
export async function flowServer(
  context: TestContext,
  { flows, api = {}, serve = {}, queue: over }: FlowServerOptions,
): Promise<FlowServer> {
  await using opening = new AsyncDisposableStack();
  const scratch = await scratchQueue(context);
  if (scratch === null) throw new Error('there is no PostgreSQL');
  const { postgres } = opening.use(scratch);
  const queue = over?.(scratch.queue) ?? scratch.queue;
  const upstream = opening.use(await openUpstream({ otherwise: status(404) }));
  const nodes = flows.map(flowNode);
  const log = recordingLog();
  const { signal } = new AbortController();
  const http = opening.use(openHttpClient());
  const limiter = opening.use(await openLimiter({ type: 'embedded', when_away: 'fail_closed' }, { postgres, log, signal }));
  const line = limitLine({ limiter, whenAway: 'fail_closed', log });
  const credentials = opening.use(await openCredentials(postgres, { keys: async () => [], log }));
  const clock = systemClock;
  const run = await openFlows(nodes, {
    projectDir: '/',
    apis: new Map([['provider', apiNode({ name: 'provider', base_url: upstream.url, ...api })]]),
    allFlows: new Map(nodes.map((node) => [node.name, node])),
    calls: opening.use(openApiCalls({ http, line, limiter, credentials, clock, log })),
    queue,
    postgres: async () => postgres,
    uploads: () => Promise.reject(new Error('no flow of these tests uploads')),
    addEvents,
    eventId,
    mask: (written) => written,
    log,
  });
  const deps = { queue, run, isPaused: (flow: string) => isPaused(postgres, flow), onWritten: () => {}, worker: 'api', log };
  const tasks = opening.use(new ServedTasks(deps));
  const config = ServeConfig.parse({ port: 0, ...serve });
  const server = opening.use(
    await serveFlows({ flows: nodes, tasks, queue, postgres, serve: config, title: 'shop', version: '1.2.3', log }),
  );
  const open = opening.move();
  const { address } = server;
  return {
    address,
    upstream,
    queue,
    tasks,
    postgres,
    log,
    get: (path, headers = {}) => ask(`${address}${path}`, 'GET', headers),
    post: (path, body, headers = {}) =>
      ask(`${address}${path}`, 'POST', { 'content-type': 'application/json', ...headers }, JSON.stringify(body)),
    stop: async () => server[Symbol.asyncDispose](),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

/** A request on a connection of its own. */
export function ask(url: string, method: string, headers: Readonly<Record<string, string>>, body?: string): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, headers, agent: false }, async (response) => {
      try {
        const answered = await text(response);
        const isJson = response.headers['content-type']?.includes('json') === true;
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text: answered, body: isJson ? JSON.parse(answered) : {} });
      } catch (thrown) {
        reject(thrown);
      }
    });
    request.on('error', reject).end(body);
  });
}
