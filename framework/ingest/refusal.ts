/** Why a request was not taken, with what HTTP and gRPC answer then. `retry`: the same request may pass later. */
export const refusals = {
  invalid: { http: 400, grpc: 'INVALID_ARGUMENT', retry: false },
  unauthenticated: { http: 401, grpc: 'UNAUTHENTICATED', retry: false },
  too_large: { http: 413, grpc: 'INVALID_ARGUMENT', retry: false },
  media_type: { http: 415, grpc: 'INVALID_ARGUMENT', retry: false },
  unroutable: { http: 422, grpc: 'FAILED_PRECONDITION', retry: false },
  full: { http: 503, grpc: 'RESOURCE_EXHAUSTED', retry: true },
  unavailable: { http: 503, grpc: 'UNAVAILABLE', retry: true },
  timeout: { http: 504, grpc: 'DEADLINE_EXCEEDED', retry: true },
} as const;
export type RefusalKind = keyof typeof refusals;

/** A request that was not taken; the sender is told all of it. Never holds a value of the request. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly kind: RefusalKind;
  /** The field at fault, e.g. `events[3].timestamp`; null where it is none. */
  readonly path: string | null;

  constructor(kind: RefusalKind, message: string, path: string | null = null) {
    super(message);
    this.kind = kind;
    this.path = path;
  }
}

/** After how long a sender may try again what failed for the moment. */
export const retryAfterSeconds = 1;
