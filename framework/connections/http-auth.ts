import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { HttpFault } from './http-fault.ts';
import { header } from './http-statement.ts';

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** Lets a request pass or throws `HttpFault`: Basic authorization, ClickHouse's two headers, or parameters of the URL. */
export function authenticate(request: IncomingMessage, url: URL, expected: Credentials): void {
  const given = givenBy(request, url);
  if (same(given.user, expected.user) && same(given.password, expected.password)) return;
  throw new HttpFault(516, 'AUTHENTICATION_FAILED', 'Authentication failed: password is incorrect, or there is no user with such name.');
}

function givenBy(request: IncomingMessage, url: URL): Credentials {
  const basic = /^Basic\s+(\S+)$/i.exec(header(request, 'authorization') ?? '')?.[1];
  if (basic !== undefined) {
    const [user = '', ...password] = Buffer.from(basic, 'base64').toString('utf8').split(':');
    return { user, password: password.join(':') };
  }
  return {
    user: header(request, 'x-clickhouse-user') ?? url.searchParams.get('user') ?? 'default',
    password: header(request, 'x-clickhouse-key') ?? url.searchParams.get('password') ?? '',
  };
}

/** In a time that does not tell how much of it is right. */
function same(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
