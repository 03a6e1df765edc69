/** What a provider's answer says of its limits. */
export interface RateHeaders {
  /** When to ask again; null where it does not say. */
  readonly retryAfterMs: number | null;
  readonly quotas: readonly Quota[];
}

/** One of the provider's counts. */
export interface Quota {
  readonly limit: number | null;
  /** Requests that are left until the reset; null where that is not said. */
  readonly remaining: number | null;
  readonly resetMs: number;
}

type Headers = Readonly<Record<string, string>>;

const prefixes = ['ratelimit', 'x-ratelimit', 'x-rate-limit', 'x-ratelimit-requests'] as const;
/** To ask again at once is what brought the answer about. */
const leastMs = 1000;
/** No quota is longer than a month; what says so is not understood. */
const mostMs = 31 * 86_400_000;

/** Reads `Retry-After`, `X-RateLimit-*` and the `RateLimit` headers of the IETF, by the provider's own clock where it tells the time. */
export function readRateHeaders(headers: Headers, now: Date): RateHeaders {
  const told = Date.parse(headers.date ?? '');
  const nowMs = Number.isNaN(told) ? now.getTime() : told;
  const quotas = [...prefixes.flatMap((prefix) => threeHeaders(headers, prefix, nowMs)), ...combinedHeader(headers)];
  return { retryAfterMs: retryAfter(headers['retry-after'], nowMs), quotas };
}

/** How long nothing more is to be sent after the answer was 429; null where it does not say. */
export function restAfter({ retryAfterMs, quotas }: RateHeaders): number | null {
  if (retryAfterMs !== null) return retryAfterMs;
  const usedUp = quotas.filter(({ remaining }) => remaining === null || remaining <= 0);
  const resets = (usedUp.length > 0 ? usedUp : quotas).map(({ resetMs }) => resetMs);
  return resets.length === 0 ? null : Math.max(...resets);
}

/** Seconds, or a date. */
function retryAfter(text: string | undefined, nowMs: number): number | null {
  if (text === undefined || text.trim() === '') return null;
  const seconds = Number(text);
  const ms = Number.isNaN(seconds) ? Date.parse(text) - nowMs : seconds * 1000;
  return Number.isNaN(ms) ? null : bounded(ms);
}

function threeHeaders(headers: Headers, prefix: string, nowMs: number): Quota[] {
  const reset = numberOf(headers[`${prefix}-reset`]);
  if (reset === null) return [];
  return [
    { limit: numberOf(headers[`${prefix}-limit`]), remaining: numberOf(headers[`${prefix}-remaining`]), resetMs: untilMs(reset, nowMs) },
  ];
}

/** `"minute";r=50;t=30` with `RateLimit-Policy: "minute";q=100;w=60`, and the earlier `limit=100, remaining=50, reset=30`. */
function combinedHeader(headers: Headers): Quota[] {
  const text = headers.ratelimit ?? '';
  if (/\breset=/.test(text)) return quotaOf(text, { limit: 'limit', remaining: 'remaining', reset: 'reset' }, null);
  const policies = partsOf(headers['ratelimit-policy'] ?? '');
  return partsOf(text).flatMap((part) => {
    const policy = policies.find((other) => nameOf(other) === nameOf(part)) ?? '';
    return quotaOf(part, { limit: 'q', remaining: 'r', reset: 't' }, field(policy, 'q'));
  });
}

function quotaOf(
  text: string,
  names: { readonly limit: string; readonly remaining: string; readonly reset: string },
  policyLimit: number | null,
): Quota[] {
  const reset = field(text, names.reset);
  if (reset === null) return [];
  return [{ limit: field(text, names.limit) ?? policyLimit, remaining: field(text, names.remaining), resetMs: bounded(reset * 1000) }];
}

const partsOf = (text: string): readonly string[] => text.split(',').map((part) => part.trim());
const nameOf = (part: string): string => part.split(';')[0] ?? '';
const field = (text: string, name: string): number | null => numberOf(new RegExp(`\\b${name}=(\\d+)`).exec(text)?.[1]);

/** The first number of a header that may hold several. */
function numberOf(text: string | undefined): number | null {
  const [digits] = /^\s*\d+(\.\d+)?/.exec(text ?? '') ?? [];
  return digits === undefined ? null : Number(digits);
}

/** Some count the seconds from now, some give a time in seconds or milliseconds since 1970. */
function untilMs(reset: number, nowMs: number): number {
  if (reset > 1e12) return bounded(reset - nowMs);
  return bounded(reset > 1e9 ? reset * 1000 - nowMs : reset * 1000);
}

function bounded(ms: number): number {
  return Math.min(mostMs, Math.max(leastMs, Math.ceil(ms)));
}
