import { createHash } from 'node:crypto';
import pThrottle from 'p-throttle';
import type { Clock } from '../../foundation/clock.ts';
import { didYouMean } from '../../foundation/closest.ts';
import { GccflowError } from '../../foundation/error.ts';
import type { SinkNode } from '../../manifest/manifest.ts';
import type { HttpDestination } from '../../project/sink-file.ts';
import { type Entry, type Fields, fieldsOf } from '../entry.ts';
import { answerFault, connectionFault, lateFault } from '../http-write-fault.ts';
import { AddressMistake, addressTemplate, bodyTemplate, type RequestTemplate } from '../request-template.ts';
import { WriteFault, type WriteOptions, type Writer } from '../writer.ts';

export interface HttpWriterDeps {
  readonly clock: Clock;
}

const maxRedirects = 5;
/** An answer is read to its end, so that its connection can be used again; a longer one is broken off. */
const maxAnswerBytes = 1_000_000;

/**
 * Opens the writer of an HTTP API: one request a row, in the order of the rows. A row is stored when the whole answer to its request has
 * come and says so by 2xx. A request may be repeated after a crash or a lost answer, always with the same idempotency key: the delivery's
 * message id, else a digest of its body. Rows that were accepted are not sent again by the same process.
 * Throws VALUE_INVALID for an address, header or field that cannot be.
 */
export async function openHttpWriter(node: SinkNode, { clock }: HttpWriterDeps): Promise<Writer> {
  const { to } = node.sink;
  if (!('http' in to)) throw new Error(`sink '${node.name}' does not write to an API`);
  const address = requireAddress(node, to.http);
  const body = to.http.body === null ? null : bodyTemplate(to.http.body);
  for (const name of [...address.fields, ...(body?.fields ?? [])]) requireField(node, name);
  return new HttpWriter({ http: to.http, address, body, headers: requireHeaders(node, to.http), clock });
}

interface HttpParts {
  readonly http: HttpDestination;
  readonly address: RequestTemplate<URL>;
  /** Null where the row itself is sent. */
  readonly body: RequestTemplate<unknown> | null;
  readonly headers: Headers;
  readonly clock: Clock;
}

class HttpWriter implements Writer {
  readonly #parts: HttpParts;
  readonly #throttle: () => Promise<void>;
  readonly #closing = new AbortController();
  /** Rows of an entry that were accepted. */
  readonly #accepted = new WeakMap<Entry, number>();

  constructor(parts: HttpParts) {
    this.#parts = parts;
    this.#throttle = throttleOf(parts.http.requests_per_second, this.#closing.signal);
  }

  async write(entries: readonly Entry[], { signal }: WriteOptions): Promise<void> {
    for (const [index, entry] of entries.entries()) {
      try {
        await this.#writeEntry(entry, signal);
      } catch (thrown) {
        if (!(thrown instanceof WriteFault && thrown.kind === 'data')) throw thrown;
        throw new WriteFault('data', thrown.code, thrown.message, { culprit: index, cause: thrown });
      }
    }
  }

  /** An API is not asked what it has: its own idempotency key is what makes a repeat harmless. */
  async findStored(): Promise<ReadonlySet<Entry>> {
    return new Set();
  }

  /** Ends the waiting for a turn, which would keep the process. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
  }

  async #writeEntry(entry: Entry, signal: AbortSignal): Promise<void> {
    const key = idempotencyKey(entry);
    for (let index = this.#accepted.get(entry) ?? 0; index < entry.rows.length; index++) {
      await this.#send(fieldsOf(entry.rows[index] ?? {}), entry.rows.length === 1 ? key : `${key}-${index}`, signal);
      this.#accepted.set(entry, index + 1);
    }
  }

  async #send(row: Fields, key: string, signal: AbortSignal): Promise<void> {
    const { http, address, body, clock } = this.#parts;
    const headers = new Headers(this.#parts.headers);
    if (http.idempotency_header !== null) headers.set(http.idempotency_header, key);
    const request = { method: http.method, headers, body: JSON.stringify(body === null ? row : body.make(row)) };
    let url = addressOf(address, row);
    for (let redirects = 0; ; redirects++) {
      const answer = await this.#request(url, request, signal);
      if (answer.ok) return;
      const next = redirects < maxRedirects ? redirectOf(answer, url) : null;
      if (next === null) {
        throw answerFault(answer, { host: url.host, addressHasFields: address.fields.length > 0, clock });
      }
      url = next;
    }
  }

  async #request(url: URL, request: RequestInit, signal: AbortSignal): Promise<Response> {
    await this.#waitTurn(signal);
    const timeout = AbortSignal.timeout(this.#parts.http.timeout);
    try {
      const answer = await fetch(url, { ...request, redirect: 'manual', signal: AbortSignal.any([signal, timeout]) });
      await drain(answer);
      return answer;
    } catch (thrown) {
      signal.throwIfAborted();
      throw timeout.aborted ? lateFault(url.host, this.#parts.http.timeout) : connectionFault(thrown, url.host);
    }
  }

  /** The turn is lost where the signal comes first. */
  async #waitTurn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise: stopped, reject } = Promise.withResolvers<never>();
    const stop = (): void => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    try {
      await Promise.race([this.#throttle(), stopped]);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }
}

/** Evenly spread; beyond a hundred a second in small groups, as timers are no finer. */
function throttleOf(requestsPerSecond: number | null, signal: AbortSignal): () => Promise<void> {
  const turn = async (): Promise<void> => {};
  if (requestsPerSecond === null) return turn;
  const limit = Math.ceil(requestsPerSecond / 100);
  return pThrottle({ limit, interval: (limit * 1000) / requestsPerSecond, strict: true, signal })(turn);
}

/** Reads the rest of an answer and forgets it. Throws where a success breaks off: nobody knows what became of it. */
async function drain(answer: Response): Promise<void> {
  try {
    let bytes = 0;
    for await (const chunk of answer.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > maxAnswerBytes) break;
    }
  } catch (thrown) {
    if (answer.ok) throw thrown;
  }
}

/** Where an answer sends the same request on; null where that is another host, an open line, or another request. */
function redirectOf(answer: Response, url: URL): URL | null {
  if (answer.status !== 307 && answer.status !== 308) return null;
  const next = URL.parse(answer.headers.get('location') ?? '', url.href);
  if (next === null || next.host !== url.host) return null;
  return next.protocol === url.protocol || next.protocol === 'https:' ? next : null;
}

function addressOf(address: RequestTemplate<URL>, row: Fields): URL {
  try {
    return address.make(row);
  } catch (thrown) {
    if (!(thrown instanceof AddressMistake)) throw thrown;
    throw new WriteFault('data', 'ADDRESS', `The request was not sent: ${thrown.message}.`, { cause: thrown });
  }
}

function idempotencyKey({ delivery: { messageId, body } }: Entry): string {
  if (messageId !== null && /^[\x21-\x7e]{1,255}$/.test(messageId)) return messageId;
  return createHash('sha256')
    .update(messageId ?? body)
    .digest('hex');
}

/** The address without its fields must be one of the web; where it goes is not for a row to say. */
function requireAddress(node: SinkNode, { url }: HttpDestination): RequestTemplate<URL> {
  const plain = URL.parse(url.replaceAll(/\{\{[^{}]*\}\}/g, 'x'));
  const other = URL.parse(url.replaceAll(/\{\{[^{}]*\}\}/g, 'y'));
  if (plain === null || !/^https?:$/.test(plain.protocol))
    throw invalid(node, 'its url is no http:// or https:// address', 'Correct `http.url`.');
  if (plain.origin !== other?.origin)
    throw invalid(node, 'a field stands in the host of its url', 'Name the host; fields belong behind it.');
  if (plain.username !== '' || plain.password !== '') throw invalid(node, 'its url holds a login', 'Put it into `http.auth`.');
  return addressTemplate(url);
}

/** Throws for what no header can hold, without telling it: it may be a secret. */
function requireHeaders(node: SinkNode, { headers, auth, idempotency_header }: HttpDestination): Headers {
  const made = new Headers({ 'content-type': 'application/json', accept: 'application/json' });
  const set = (name: string, value: string): void => {
    try {
      made.set(name, value);
    } catch {
      throw invalid(node, `the header '${name}' cannot have its value`, 'A line break at the end of a secret is a frequent cause.');
    }
  };
  for (const [name, value] of Object.entries(headers)) set(name, value);
  for (const [name, value] of authHeaders(auth)) set(name, value);
  if (idempotency_header !== null) set(idempotency_header, 'x');
  return made;
}

function authHeaders(auth: HttpDestination['auth']): readonly (readonly [string, string])[] {
  if (auth === null) return [];
  if ('bearer' in auth) return [['authorization', `Bearer ${auth.bearer}`]];
  if ('header' in auth) return [[auth.header, auth.value]];
  return [['authorization', `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}`]];
}

/** A sink without columns sends whatever fields there are. */
function requireField(node: SinkNode, name: string): void {
  const { columns: declared, unknown_fields } = node.sink;
  const columns = [...Object.keys(declared), ...(unknown_fields === 'drop' ? [] : [unknown_fields.keep])];
  if (columns.length === 0 || columns.includes(name) || columns.includes(name.split('.')[0] ?? '')) return;
  throw invalid(
    node,
    `its request names the field '${name}', which is none of its columns`,
    didYouMean(name, columns) ?? `It has ${columns.join(', ')}.`,
  );
}

function invalid({ sink, at }: SinkNode, reason: string, hint: string): GccflowError {
  return new GccflowError('VALUE_INVALID', `The sink '${sink.name}' cannot call its API: ${reason}.`, { at, hint });
}
