import type { Clock } from '../../foundation/clock.ts';
import { GccflowError } from '../../foundation/error.ts';
import type { Log } from '../../foundation/log.ts';
import type { ApiNode } from '../../manifest/manifest.ts';
import type { CredentialStore } from '../credentials/credential-store.ts';
import type { Limiter, LimitLine } from '../limits/limiter.ts';
import { TaskFault } from '../task-fault.ts';
import { type Admitted, admit } from './admission.ts';
import { AfterAnswer } from './after-answer.ts';
import type { ApiAnswer, ApiCall, ApiCalls } from './api-calls.ts';
import { ApiGate } from './api-gate.ts';
import { type Choice, type Choices, findChoices, nothingToChoose, type Tried } from './choices.ts';
import type { HttpClient } from './http-client.ts';
import { readRateHeaders } from './rate-headers.ts';
import { type Sent, sendRequest } from './send-request.ts';

export interface ApiCallDeps {
  readonly http: HttpClient;
  readonly line: LimitLine;
  readonly limiter: Pick<Limiter, 'close' | 'narrow'>;
  readonly credentials: CredentialStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter?: CallMeter;
}

/** What is counted of calls. */
export interface CallMeter {
  /** A request was sent; `outcome` is its status, or in a word why it has none, e.g. `timeout`. */
  readonly requested: (api: string, outcome: string) => void;
  /** A request waited so long for its limits, and for a place at an API: the one that it was let through to, or the first that it might have called. */
  readonly waited: (api: string, ms: number) => void;
}

const mostRequests = 3;
/** How long a task waits where a service of ours is away, */
const awayMs = 5000;
/** and where only somebody can put right what keeps credentials from being decrypted. */
const unattendedMs = 60_000;

/** Opens the calls of a process. All that it is given stays the caller's. */
export function openApiCalls(deps: ApiCallDeps): ApiCalls {
  return new GatedCalls(deps);
}

class GatedCalls implements ApiCalls {
  readonly #deps: ApiCallDeps;
  readonly #after: AfterAnswer;
  readonly #gates = new Map<string, ApiGate>();

  constructor(deps: ApiCallDeps) {
    this.#deps = deps;
    this.#after = new AfterAnswer(deps);
  }

  async call(call: ApiCall, signal: AbortSignal): Promise<ApiAnswer> {
    try {
      return await this.#call(call, signal);
    } catch (thrown) {
      if (!(thrown instanceof GccflowError)) throw thrown;
      const waitMs = thrown.code.startsWith('CREDENTIAL_') ? unattendedMs : awayMs;
      throw new TaskFault('returned', thrown.code, thrown.message, { waitMs, cause: thrown });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#gates.clear();
  }

  async #call(call: ApiCall, signal: AbortSignal): Promise<ApiAnswer> {
    const tried: Tried = { apis: new Set(), credentials: new Set() };
    let failure: TaskFault | null = null;
    let maxWaitMs = call.maxWaitMs;
    for (let requests = 0; requests < mostRequests; ) {
      signal.throwIfAborted();
      const { open, closed } = await this.#find(call, tried);
      if (open.length === 0) throw failure === null ? nothingToChoose(closed) : await this.#giveUp(call, failure);
      const since = performance.now();
      using admitted = await this.#admit({ ...call, maxWaitMs }, open, failure, signal);
      maxWaitMs = Math.max(0, maxWaitMs - (performance.now() - since));
      const sent = admitted === null ? null : await this.#send(admitted, call, signal);
      if (sent === null) continue;
      requests++;
      const result = await this.#follow(sent, call, tried);
      if (!(result instanceof TaskFault)) return result;
      if (result.kind === 'refused') throw result;
      // One that is charged is what the call ends with, whatever comes after it.
      if (failure?.kind !== 'failed') failure = result;
    }
    throw await this.#giveUp(call, failure ?? nothingToChoose([]));
  }

  #find(call: ApiCall, tried: Tried): Promise<Choices> {
    return findChoices(call, tried, { credentials: this.#deps.credentials, gateOf: (node) => this.#gateOf(node) });
  }

  /** One that is not the task's fault lets it wait until something else can be chosen. */
  async #giveUp(call: ApiCall, failure: TaskFault): Promise<TaskFault> {
    if (failure.kind !== 'returned') return failure;
    const { open, closed } = await this.#find(call, { apis: new Set(), credentials: new Set() });
    const { waitMs } = nothingToChoose(open.length > 0 ? [] : closed);
    return new TaskFault('returned', failure.code, failure.message, { waitMs });
  }

  async #admit(call: ApiCall, open: readonly Choice[], failure: TaskFault | null, signal: AbortSignal): Promise<Admitted | null> {
    const since = performance.now();
    let admitted: Admitted | null = null;
    try {
      admitted = await admit(call, open, { line: this.#deps.line, signal });
      return admitted;
    } catch (thrown) {
      throw failure?.kind === 'failed' && thrown instanceof TaskFault ? failure : thrown;
    } finally {
      const { name = '' } = (admitted?.choice ?? open[0])?.node ?? {};
      this.#deps.meter?.waited(name, performance.now() - since);
    }
  }

  /** Null where nothing was sent: while the call waited, other answers have told what this one need not find out. */
  async #send({ choice }: Admitted, call: ApiCall, signal: AbortSignal): Promise<Sent | null> {
    const { http, clock, meter } = this.#deps;
    if (!(await this.#isUsable(choice))) return null;
    return sendRequest(choice, call, { http, clock, signal, onRequest: (api, outcome) => meter?.requested(api, outcome) });
  }

  async #isUsable({ node, credential }: Choice): Promise<boolean> {
    if (credential === null || node.api.credentials === null) return true;
    const usable = await this.#deps.credentials.usable(node.api.credentials.source);
    return usable.some(({ id }) => id === credential.id);
  }

  /** Does what an answer asks for. Gives back what the call ends with, or the fault it ends with where no other choice does better. */
  async #follow({ choice, answer, verdict }: Sent, call: ApiCall, tried: Tried): Promise<ApiAnswer | TaskFault> {
    const { node, credential, gate } = choice;
    const { credentials } = this.#deps;
    if (answer === null) {
      tried.apis.add(node.name);
      // Nothing was sent to a provider that takes no connections: it is away, which no attempt is charged for.
      const kind = verdict.code === 'HTTP_UNREACHABLE' ? 'returned' : 'failed';
      return new TaskFault(kind, verdict.code, `'${node.name}': ${verdict.reason}`);
    }
    const { status, headers } = answer;
    if (verdict.kind !== 'limited') await this.#after.narrow(choice, readRateHeaders(headers, this.#deps.clock.now()).quotas);
    if (credential !== null && (verdict.kind === 'success' || verdict.kind === 'refused')) await credentials.accepted(credential.id);
    if (verdict.kind === 'success') return { api: node.name, status, headers, body: verdict.body, credential: credential?.id ?? null };
    const told = `'${node.name}' answered ${verdict.reason}`;
    switch (verdict.kind) {
      case 'refused':
        return new TaskFault('refused', status === 404 || status === 410 ? 'NOT_FOUND' : 'HTTP_STATUS', told);
      case 'limited':
        leave(choice, tried);
        await this.#after.rest(choice, verdict.restMs ?? node.api.disable_for, verdict.reason);
        return new TaskFault('returned', 'RATE_LIMITED', told);
      case 'unauthorized':
        leave(choice, tried);
        if (credential === null || !(verdict.isItsFault || (await credentials.refused(credential.id, resourceOf(choice, call)))))
          return new TaskFault('failed', 'HTTP_STATUS', told);
        await this.#after.refuse(credential.id, verdict.reason);
        return new TaskFault('returned', 'NO_CREDENTIAL', told);
      case 'failed':
        tried.apis.add(node.name);
        if (verdict.restMs !== null) gate.rest(Math.min(verdict.restMs, node.api.disable_for));
        return new TaskFault('failed', verdict.code, told, { waitMs: verdict.restMs ?? 0 });
    }
  }

  #gateOf({ name, api }: ApiNode): ApiGate {
    const known = this.#gates.get(name);
    if (known !== undefined) return known;
    const { failures, open_for } = api.breaker;
    const gate = new ApiGate({ concurrency: api.concurrency, failures, openForMs: open_for });
    this.#gates.set(name, gate);
    return gate;
  }
}

function resourceOf({ path }: Choice, { query }: ApiCall): string {
  return `${path} ${JSON.stringify(query)}`;
}

function leave({ node, credential }: Choice, tried: Tried): void {
  if (credential === null) tried.apis.add(node.name);
  else tried.credentials.add(credential.id);
}
