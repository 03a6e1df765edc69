import type { ApiNode } from '../../manifest/manifest.ts';
import type { Secrets } from '../credentials/sealed-secrets.ts';
import { TaskFault } from '../task-fault.ts';
import type { ApiCall } from './api-calls.ts';
import { fillAuth } from './auth.ts';
import type { HttpRequest } from './http-client.ts';

/** What is asked of an API, whichever credential it is asked with. */
export type ApiQuestion = Pick<ApiCall, 'method' | 'query' | 'headers' | 'body'> & { readonly path: string };

/** A request with the secrets that are in it, which must not go further. */
export type ApiRequest = HttpRequest & { readonly secrets: readonly string[] };

/** Makes the request of a call. Throws `TaskFault`, `refused`, for a path or a header that a value has broken. */
export function buildRequest({ name, api }: ApiNode, question: ApiQuestion, credential: Secrets): ApiRequest {
  const auth = fillAuth(api.auth, credential);
  const url = addressOf(api.base_url, question.path, name);
  for (const [key, value] of Object.entries({ ...question.query, ...auth.query })) url.searchParams.set(key, value);
  const hasBody = question.body !== undefined;
  const headers = mergeHeaders(
    { accept: 'application/json', 'user-agent': 'gccflow', ...(hasBody && { 'content-type': 'application/json' }) },
    api.headers,
    question.headers,
    auth.headers,
  );
  requireSendable(headers, name);
  return {
    method: question.method,
    url,
    headers,
    body: hasBody ? JSON.stringify(question.body) : null,
    timeouts: {
      connectMs: api.timeouts.connect,
      headersMs: api.timeouts.headers,
      bodyMs: api.timeouts.body,
      totalMs: api.timeouts.total,
    },
    maxBytes: api.max_body,
    proxy: api.proxy,
    reach: 'any',
    repeat: 'unsent',
    secrets: auth.secrets.filter((secret) => secret !== ''),
  };
}

/**
 * The parser of addresses takes `.` and `..` out of a path, however they are written: another place would be asked. What does not begin with
 * a slash could make another host of the base, to which the credential would go.
 */
function addressOf(base: string, path: string, api: string): URL {
  const [segments = ''] = path.split(/[?#]/);
  const url = URL.parse(base.replace(/\/+$/, '') + path);
  if (path.startsWith('/') && url !== null && !segments.split(/[\\/]/).some((segment) => /^(\.|%2e){1,2}$/i.test(segment))) return url;
  throw new TaskFault('refused', 'REQUEST_INVALID', `the path for '${api}' leads elsewhere with the values of this task`);
}

/** Names are the same whatever their case; the later one wins. */
function mergeHeaders(...some: readonly Readonly<Record<string, string>>[]): Readonly<Record<string, string>> {
  return Object.fromEntries(some.flatMap(Object.entries<string>).map(([name, value]) => [name.toLowerCase(), value]));
}

function requireSendable(headers: Readonly<Record<string, string>>, api: string): void {
  for (const [name, value] of Object.entries(headers)) {
    if (/^[\t\x20-\x7e\x80-\xff]*$/.test(value) && /^[\w!#$%&'*+.^`|~-]+$/.test(name)) continue;
    throw new TaskFault('refused', 'REQUEST_INVALID', `the header '${name}' for '${api}' cannot be sent with the values of this task`);
  }
}
