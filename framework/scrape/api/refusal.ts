/** Why a request has not what it asked for, with the status that says so. */
export const refusals = {
  invalid: 400,
  unauthenticated: 401,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  too_long: 414,
  media_type: 415,
  rate_limited: 429,
  failed: 500,
  provider_failed: 502,
  unavailable: 503,
  provider_timeout: 504,
} as const;
export type RefusalKind = keyof typeof refusals;

export interface RefusalDetails {
  /** The field at fault, e.g. `query.limit`. */
  readonly path?: string | undefined;
  /** When the same request may do better. */
  readonly retryAfterMs?: number | undefined;
  /** The task that was run for the request. */
  readonly task?: string | undefined;
  /** What the task ended with, e.g. `HTTP_STATUS`. */
  readonly code?: string | undefined;
}

/** A request that is not answered with what it asked for; the client is told all of it. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly kind: RefusalKind;
  readonly details: RefusalDetails;

  constructor(kind: RefusalKind, message: string, details: RefusalDetails = {}) {
    super(message);
    this.kind = kind;
    this.details = details;
  }
}
