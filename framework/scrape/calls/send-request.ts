import type { Clock } from '../../foundation/clock.ts';
import { type ApiQuestion, buildRequest } from './api-request.ts';
import { ApiFailure, BreakerOpen } from './breaker.ts';
import type { Choice } from './choices.ts';
import { type HttpAnswer, type HttpClient, HttpFault } from './http-client.ts';
import { judge, type Verdict } from './verdict.ts';

/** A request that was sent, and what came of it. */
export type Sent =
  | { readonly choice: Choice; readonly answer: HttpAnswer; readonly verdict: Verdict }
  | { readonly choice: Choice; readonly answer: null; readonly verdict: Unanswered };

export interface Unanswered {
  readonly kind: 'unanswered';
  /** e.g. `HTTP_TIMEOUT`. */
  readonly code: string;
  readonly reason: string;
}

export interface SendDeps {
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Called for each request that was sent, with its status, or in a word why it has none. */
  readonly onRequest: (api: string, outcome: string) => void;
}

const recheckMs = 1000;

/**
 * Sends the request of a choice, and counts failures of the API in its breaker. Null where nothing was sent, because the breaker has opened
 * at this moment. Throws `TaskFault` for a request that cannot be, and rejects with the signal's reason.
 */
export async function sendRequest(choice: Choice, question: Omit<ApiQuestion, 'path'>, deps: SendDeps): Promise<Sent | null> {
  const { node, path, credential, gate } = choice;
  const request = buildRequest(node, { ...question, path }, credential?.secrets ?? {});
  const sent: Sent[] = [];
  try {
    await gate.run(async () => {
      const result = await ask();
      sent.push(result);
      if (countsAgainst(result)) throw new ApiFailure();
    });
  } catch (thrown) {
    // The library measures by the wall clock: where that was set back, it is not due yet, and is not asked in a circle.
    if (thrown instanceof BreakerOpen) gate.rest(recheckMs);
    else if (!(thrown instanceof ApiFailure)) throw thrown;
  }
  return sent[0] ?? null;

  async function ask(): Promise<Sent> {
    try {
      const answer = await deps.http.send(request, deps.signal);
      deps.onRequest(node.name, String(answer.status));
      return { choice, answer, verdict: judge(answer, request.secrets, deps.clock.now()) };
    } catch (thrown) {
      if (!(thrown instanceof HttpFault)) throw thrown;
      deps.onRequest(node.name, thrown.kind);
      return { choice, answer: null, verdict: { kind: 'unanswered', code: `HTTP_${thrown.kind.toUpperCase()}`, reason: thrown.message } };
    }
  }
}

/** A body that is too long says nothing of the API's health. */
function countsAgainst({ verdict }: Sent): boolean {
  return verdict.kind === 'failed' || (verdict.kind === 'unanswered' && verdict.code !== 'HTTP_TOO_LARGE');
}
