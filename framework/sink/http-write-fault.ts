import type { Clock } from '../foundation/clock.ts';
import { formatDuration } from '../foundation/duration.ts';
import { WriteFault, type WriteFaultKind } from './writer.ts';

/** A wait that an API asks for is not longer than this: one that means a year would stop a sink without anybody's noticing. */
const maxRetryAfterMs = 3_600_000;

export interface AnsweredRequest {
  /** Of the API, for sentences. */
  readonly host: string;
  /** The address holds a field of the row, so that a missing resource is the row's. */
  readonly addressHasFields: boolean;
  readonly clock: Clock;
}

/** What an answer that is no success means. Of the answer only the status is told: a body may repeat what was sent. */
export function answerFault({ status, headers }: Response, { host, addressHasFields, clock }: AnsweredRequest): WriteFault {
  const kind = kindOf(status, addressHasFields);
  const retryAfterMs = kind === 'outage' ? parseRetryAfter(headers.get('retry-after'), clock) : null;
  const redirects = status >= 300 && status < 400 ? ', a redirect: only 307 and 308 to the same host are followed' : '';
  return new WriteFault(kind, `HTTP ${status}`, `${host} answered HTTP ${status}${redirects}.`, { retryAfterMs });
}

function kindOf(status: number, addressHasFields: boolean): WriteFaultKind {
  if (status === 408 || status === 425 || status === 429 || status >= 500) return 'outage';
  if (status === 404 || status === 410) return addressHasFields ? 'data' : 'setup';
  return status < 400 || status === 401 || status === 403 || status === 405 || status === 407 ? 'setup' : 'data';
}

/** A request that got no whole answer. The name of the failure alone is told: messages may hold the address. */
export function connectionFault(thrown: unknown, host: string): WriteFault {
  const code = codeOf(thrown) ?? 'NETWORK';
  const isCertificate = /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(code);
  const what = isCertificate ? 'its certificate is not accepted' : 'no whole answer came';
  return new WriteFault(isCertificate ? 'setup' : 'outage', code, `${host}: ${what} (${code}).`, { cause: thrown });
}

export function lateFault(host: string, timeoutMs: number): WriteFault {
  return new WriteFault('outage', 'TIMEOUT', `${host} did not answer within ${formatDuration(timeoutMs)}.`);
}

/** Milliseconds of a Retry-After, seconds or a date; null where it says nothing. */
export function parseRetryAfter(text: string | null, clock: Clock): number | null {
  if (text === null) return null;
  const ms = /^\s*\d+\s*$/.test(text) ? Number(text) * 1000 : Date.parse(text) - clock.now().getTime();
  return Number.isNaN(ms) ? null : Math.min(Math.max(0, ms), maxRetryAfterMs);
}

/** The first code in what was thrown and its causes. */
function codeOf(thrown: unknown): string | null {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    const { code } = error as { readonly code?: unknown };
    if (typeof code === 'string' && /^[A-Z0-9_]+$/.test(code)) return code;
  }
  return null;
}
