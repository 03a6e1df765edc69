/** One request over HTTP. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | null;
  readonly timeouts: Timeouts;
  /** A longer body is broken off, and the request fails. Bytes after decompression. */
  readonly maxBytes: number;
  /** URL of a proxy; may hold a password. None where null. */
  readonly proxy: string | null;
  /** `public`: only addresses of the public internet, whatever the name resolves to and wherever redirects lead. For URLs that the data names. */
  readonly reach: 'any' | 'public';
  /** `unsent`: repeated only where no connection was made. For requests that are counted, of which each has to be let through. */
  readonly repeat?: 'unsent';
  /** Values in it that are masked wherever answers are recorded for tests. */
  readonly secrets?: readonly string[];
}

export interface Timeouts {
  readonly connectMs: number;
  readonly headersMs: number;
  /** Between two chunks of the body. */
  readonly bodyMs: number;
  /** The whole request, redirects and repeats included. */
  readonly totalMs: number;
}

export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Where the redirects ended. */
  readonly url: URL;
}

/** As `HttpAnswer`, its body not yet read. Disposing it breaks the body off. */
export interface StreamedAnswer extends AsyncDisposable {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly url: URL;
  /** Decompressed; throws `HttpFault` where it breaks off, is too long or comes too slowly. */
  readonly body: AsyncIterable<Buffer>;
}

/**
 * Sends requests over pooled connections. Any status is an answer; what brings none throws `HttpFault`. Repeats what cannot have been done
 * (a connection that was refused, or lost before the request of a safe method was answered) twice at most, follows five redirects at most.
 */
export interface HttpClient extends AsyncDisposable {
  send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>;
  /** The same for a body that is passed on as it comes. */
  stream(request: HttpRequest, signal: AbortSignal): Promise<StreamedAnswer>;
}

/** A request that got no answer. Names host and reason; never a query, a header or a body, which may hold secrets. */
export class HttpFault extends Error {
  override readonly name = 'HttpFault';
  /** `refused_address`: the URL leads where it may not. */
  readonly kind: 'unreachable' | 'timeout' | 'broken' | 'too_large' | 'refused_address';

  constructor(kind: HttpFault['kind'], message: string, cause?: unknown) {
    super(message, { cause });
    this.kind = kind;
  }
}
