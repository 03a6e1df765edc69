import type { Clock } from '../../foundation/clock.ts';
import type { ApiNode } from '../../manifest/manifest.ts';
import type { Credential } from '../credentials/credential-store.ts';
import { type LimitLine, LimitWait } from '../limits/limiter.ts';
import { apiLevels, credentialLevels } from './api-levels.ts';
import { buildRequest } from './api-request.ts';
import { type HttpClient, HttpFault } from './http-client.ts';
import { judge } from './verdict.ts';

/** What a provider makes of a credential. */
export interface CredentialTest {
  /** `unclear`: the answer tells nothing of the credential, or there was none. `limited`: there was no room for a request, here or there. */
  readonly outcome: 'accepted' | 'refused' | 'limited' | 'unclear';
  /** e.g. `HTTP 401: Session has expired`. */
  readonly told: string;
}

export interface CredentialTestDeps {
  readonly http: HttpClient;
  readonly line: LimitLine;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const maxWaitMs = 10_000;

/** Sends one GET request with a credential, within the limits of the API and the credential. Changes nothing, whatever the answer is. */
export async function testCredential(
  node: ApiNode,
  credential: Credential,
  path: string,
  { http, line, clock, signal }: CredentialTestDeps,
): Promise<CredentialTest> {
  const request = buildRequest(node, { method: 'GET', path, query: {}, headers: {} }, credential.secrets);
  try {
    await line.pass({ levels: [...apiLevels(node), ...credentialLevels(node, credential.id)], choices: [] }, { maxWaitMs, signal });
    const answer = await http.send(request, signal);
    const verdict = judge(answer, request.secrets, clock.now());
    return { outcome: outcomes[verdict.kind], told: verdict.kind === 'success' ? `HTTP ${answer.status}` : verdict.reason };
  } catch (thrown) {
    if (thrown instanceof LimitWait) return { outcome: 'limited', told: thrown.message };
    if (thrown instanceof HttpFault) return { outcome: 'unclear', told: thrown.message };
    throw thrown;
  }
}

const outcomes = { success: 'accepted', unauthorized: 'refused', limited: 'limited', refused: 'unclear', failed: 'unclear' } as const;
