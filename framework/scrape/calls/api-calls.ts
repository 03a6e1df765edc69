import type { ApiNode } from '../../manifest/manifest.ts';
import type { Level } from '../limits/limiter.ts';

/** An API that may be called. */
export interface ApiChoice {
  readonly api: ApiNode;
  /** Begins with `/`; joined to the API's base URL. Values are percent-encoded already. */
  readonly path: string;
}

/** One call of an upstream API, as a flow declares it, with its params filled in. */
export interface ApiCall {
  /** In the order of preference; the first that has a usable credential and whose limits let it through is called. */
  readonly choices: readonly ApiChoice[];
  /** The flow's own limits, whichever API is called. */
  readonly levels: readonly Level[];
  readonly maxWaitMs: number;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as JSON; none where undefined. */
  readonly body?: unknown;
  /** The credential that an earlier call of the same task used, where the API's credentials are sticky; null for any. */
  readonly stickyTo: string | null;
}

export interface ApiAnswer {
  /** The API that answered. */
  readonly api: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed JSON. */
  readonly body: unknown;
  /** Id of the credential that was used; null where the API needs none. */
  readonly credential: string | null;
}

/**
 * Calls upstream APIs within all limits: the flow's, the API's and the credential's are taken together, before each request that is sent, a
 * repeat included. What the provider answers steers what comes next: 429 closes the credential (or, without one, the API) for as long as the
 * provider says and the next choice is tried; 401, 402 and 403 disable the credential until somebody enables it, a 403 without a code when
 * three resources in a row are refused, and the next one is tried; 5xx, timeouts and broken answers
 * count against the API's circuit breaker and the next choice is tried; at most three requests a call.
 * Throws `TaskFault`: `returned` for limits, credentials, breakers and providers that take no connection, `refused` for 400, 404, 410, 422 …, `failed` for the rest.
 */
export interface ApiCalls extends AsyncDisposable {
  call(call: ApiCall, signal: AbortSignal): Promise<ApiAnswer>;
}
