import { GccflowError } from '../foundation/error.ts';

/** A Redis url, taken apart. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string | null;
  readonly password: string | null;
  readonly database: number;
  readonly tls: boolean;
  /** `Redis at host:port/database`; what a sentence may say of it. */
  readonly location: string;
}

const hint =
  'Write it as redis://user:password@host:6379/0 (rediss:// with TLS), special characters as %XX, the database as a number or nothing; it may come from the environment: \'{{env "REDIS_URL"}}\'.';

/** Takes a url apart. Throws LIMITER_UNREACHABLE, without the text, which may hold a password. */
export function parseRedisUrl(text: string): RedisAddress {
  const url = URL.parse(text);
  if (url === null || url.hostname === '' || (url.protocol !== 'redis:' && url.protocol !== 'rediss:')) {
    throw refused('is no redis:// or rediss:// address');
  }
  const database = /^\/?(\d*)$/.exec(url.pathname)?.[1];
  if (database === undefined) throw refused('names a database that is no number');
  return withLocation({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || 6379,
    user: url.username === '' ? null : decode(url.username),
    password: url.password === '' ? null : decode(url.password),
    database: Number(database),
    tls: url.protocol === 'rediss:',
  });
}

/** The same login on another node of a cluster. */
export function addressOf(node: { readonly host: string; readonly port: number }, address: RedisAddress): RedisAddress {
  return withLocation({ ...address, host: node.host || address.host, port: node.port });
}

function withLocation(address: Omit<RedisAddress, 'location'>): RedisAddress {
  const { host, port, database } = address;
  const name = host.includes(':') ? `[${host}]` : host;
  return { ...address, location: `Redis at ${name}:${port}${database === 0 ? '' : `/${database}`}` };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refused('has a % that begins no %XX');
  }
}

function refused(why: string): GccflowError {
  return new GccflowError('LIMITER_UNREACHABLE', `The target's Redis url ${why}.`, { hint });
}
