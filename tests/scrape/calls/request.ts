import type { HttpRequest } from '../../../framework/scrape/calls/http-client.ts';

/** Deadlines that a loaded machine keeps; those that a test waits for are given by it. */
export const generous = { connectMs: 20_000, headersMs: 20_000, bodyMs: 20_000, totalMs: 60_000 } as const;

/** A GET request, or what `other` makes of it. */
export function request(url: string, other: Partial<Omit<HttpRequest, 'url'>> = {}): HttpRequest {
  return {
    method: 'GET',
    url: new URL(url),
    headers: {},
    body: null,
    timeouts: generous,
    maxBytes: 1_000_000,
    proxy: null,
    reach: 'any',
    ...other,
  };
}
