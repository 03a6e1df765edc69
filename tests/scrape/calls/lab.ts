import type { Clock } from '../../../framework/foundation/clock.ts';
import type { ApiNode } from '../../../framework/manifest/manifest.ts';
import { ApiFile } from '../../../framework/project/api-file.ts';
import type { ApiAnswer, ApiCall, ApiCalls } from '../../../framework/scrape/calls/api-calls.ts';
import { openApiCalls } from '../../../framework/scrape/calls/open-api-calls.ts';
import { openHttpClient } from '../../../framework/scrape/calls/undici-client.ts';
import { type Level, type Limiter, type LimitLine, type LimitRequest, LimitWait } from '../../../framework/scrape/limits/limiter.ts';
import { type RecordingLog, recordingLog } from '../../support/recording-log.ts';
import { openUpstream, type Upstream } from '../../support/upstream.ts';
import { type TestCredentials, testCredentials } from '../credentials/store.ts';

/** An API as a file declares it; `source` gives it credentials, shown as a bearer token. */
export function apiNode(name: string, url: string, file: Record<string, unknown> = {}): ApiNode {
  const api = ApiFile.parse({ kind: 'api', name, base_url: url, ...file });
  const at = { file: `sources/apis/${name}.yaml`, line: 1, column: 1 };
  return { kind: 'api', id: `api.${name}`, name, fqn: ['test', name], tags: [], meta: {}, description: '', file: at.file, at, api };
}

export const withTokens = (source: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  auth: { bearer: '{token}' },
  credentials: { source, ...more },
});

/** A limiter that lets through what no answer has closed, and remembers what it was asked. */
export class FakeLimits implements LimitLine, Pick<Limiter, 'close' | 'narrow'> {
  readonly requests: LimitRequest[] = [];
  readonly taken: string[] = [];
  readonly closed = new Map<string, number>();
  readonly narrowed: { readonly level: Level; readonly remaining: number; readonly forMs: number }[] = [];
  /** Called before each answer. */
  before: () => void | Promise<void> = () => {};

  async pass(request: LimitRequest): Promise<number> {
    this.requests.push(request);
    await this.before();
    const choice = request.choices.findIndex((levels) => levels.every(({ key }) => !this.closed.has(key)));
    const shut = [...request.levels, ...(request.choices[0] ?? [])].find(({ key }) => this.closed.has(key));
    if (shut !== undefined && (choice === -1 || request.levels.includes(shut)))
      throw new LimitWait(shut.key, this.closed.get(shut.key) ?? 0);
    this.taken.push(...[...request.levels, ...(request.choices[choice] ?? [])].map(({ key }) => key));
    return choice;
  }

  async close(key: string, forMs: number): Promise<void> {
    this.closed.set(key, forMs);
  }

  async narrow(level: Level, remaining: number, forMs: number): Promise<void> {
    this.narrowed.push({ level, remaining, forMs });
  }
}

export interface CallLab extends AsyncDisposable {
  readonly calls: ApiCalls;
  readonly limits: FakeLimits;
  readonly upstream: Upstream;
  readonly credentials: TestCredentials;
  readonly log: RecordingLog;
  /** Outcomes of all requests, as they are counted. */
  readonly outcomes: readonly string[];
  call(apis: readonly ApiNode[], other?: Partial<ApiCall>): Promise<ApiAnswer>;
}

export const noon: Clock = { now: () => new Date('2026-06-01T12:00:00Z') };

/** Calls against a local provider, with real connections and credentials. */
export async function callLab(): Promise<CallLab> {
  await using opening = new AsyncDisposableStack();
  const upstream = opening.use(await openUpstream());
  const credentials = opening.use(await testCredentials());
  const http = opening.use(openHttpClient());
  const limits = new FakeLimits();
  const log = recordingLog();
  const outcomes: string[] = [];
  const store = await credentials.another(credentials.keys, log);
  const meter = { requested: (api: string, outcome: string) => void outcomes.push(`${api} ${outcome}`), waited: () => {} };
  const calls = opening.use(openApiCalls({ http, line: limits, limiter: limits, credentials: store, clock: noon, log, meter }));
  const open = opening.move();
  return {
    calls,
    limits,
    upstream,
    credentials,
    log,
    outcomes,
    call: (apis, other = {}) => calls.call(callOf(apis, other), new AbortController().signal),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

export function callOf(apis: readonly ApiNode[], other: Partial<ApiCall> = {}): ApiCall {
  return {
    choices: apis.map((api) => ({ api, path: '/me' })),
    levels: [],
    maxWaitMs: 20_000,
    method: 'GET',
    query: {},
    headers: {},
    stickyTo: null,
    ...other,
  };
}
