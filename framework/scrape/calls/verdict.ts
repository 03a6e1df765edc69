import type { HttpAnswer } from './http-client.ts';
import { describeAnswer, type ProviderError, readProviderError } from './provider-error.ts';
import { type RateHeaders, readRateHeaders, restAfter } from './rate-headers.ts';

/** What an answer means for the call, its credential and its API. */
export type Verdict =
  | { readonly kind: 'success'; readonly body: unknown }
  /** Nothing more is to be sent for so long; null where the provider does not say. */
  | { readonly kind: 'limited'; readonly restMs: number | null; readonly reason: string }
  /**
   * The provider does not want this credential: it is not known, not paid for, or may not do this. A 403 without a code may be about the one
   * resource, which nobody may see.
   */
  | { readonly kind: 'unauthorized'; readonly isItsFault: boolean; readonly reason: string }
  /** No other try would do better. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** The API is out of order, or said what is not understood. */
  | { readonly kind: 'failed'; readonly code: 'HTTP_STATUS' | 'BODY_NOT_JSON'; readonly restMs: number | null; readonly reason: string };

/** Another try may do better, and the credential is not at fault. */
const passing = new Set([408, 409, 421, 423, 425]);
/** How providers that know no 429 say that a quota is used up: Google's APIs by 403. */
const quotaCodes = /^(quota|(daily|user|)_?rate_?limit|daily_?limit)_?exceeded$|^resource_exhausted$|^too_?many_?requests$/i;

/** Facebook's APIs say by 400 and a number what others say by 503, 429 and 401 (their page "Handling Errors"). */
const graphCodes: ReadonlyMap<string, Meaning> = new Map([
  ...['1', '2'].map((code) => [code, 'failed'] as const),
  ...['4', '17', '32', '613', '80001', '80002'].map((code) => [code, 'limited'] as const),
  ...['102', '190'].map((code) => [code, 'unauthorized'] as const),
]);

/** Judges an answer; `secrets` are masked in what it says. */
export function judge({ status, headers, body }: HttpAnswer, secrets: readonly string[], now: Date): Verdict {
  const parsed = parseJson(body);
  if (status >= 200 && status < 300) {
    if (parsed !== undefined) return { kind: 'success', body: parsed };
    return { kind: 'failed', code: 'BODY_NOT_JSON', restMs: null, reason: `HTTP ${status} with a body that is no JSON` };
  }
  const error = readProviderError(parsed);
  const reason = describeAnswer(status, error, secrets);
  const rates = readRateHeaders(headers, now);
  switch (meaningOf(status, error, rates)) {
    case 'limited':
      return { kind: 'limited', restMs: restAfter(rates), reason };
    case 'unauthorized':
      return { kind: 'unauthorized', isItsFault: status !== 403 || error.codes.some((code) => code !== String(status)), reason };
    case 'refused':
      return { kind: 'refused', reason };
    case 'failed':
      return { kind: 'failed', code: 'HTTP_STATUS', restMs: rates.retryAfterMs, reason };
  }
}

type Meaning = 'limited' | 'unauthorized' | 'refused' | 'failed';

function meaningOf(status: number, { graphCode, codes }: ProviderError, { retryAfterMs }: RateHeaders): Meaning {
  const graph = graphCode === null ? undefined : graphCodes.get(graphCode);
  if (graph !== undefined) return graph;
  if (status === 403 && (retryAfterMs !== null || codes.some((code) => quotaCodes.test(code)))) return 'limited';
  if (status === 429) return 'limited';
  if (status === 401 || status === 402 || status === 403) return 'unauthorized';
  return status >= 400 && status < 500 && !passing.has(status) ? 'refused' : 'failed';
}

/** Null for a body that is empty; undefined for one that is no JSON. */
function parseJson(body: Buffer): unknown {
  const text = body.toString('utf8').replace(/^\uFEFF/, '');
  if (text.trim() === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
