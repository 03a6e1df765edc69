import { GccflowError } from '../foundation/error.ts';

/** A RabbitMQ url, taken apart. */
export interface RabbitmqAddress {
  readonly protocol: 'amqp' | 'amqps';
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly vhost: string;
  /** Seconds; a connection that is silent for two of them is given up. */
  readonly heartbeat: number;
  /** `RabbitMQ at host:port/vhost`; what a sentence may say of it. */
  readonly location: string;
}

const defaultHeartbeat = 15;
const hint =
  'Write it as amqp://user:password@host:5672/vhost (amqps:// with TLS), special characters as %XX, the virtual host / as %2F or nothing; it may come from the environment: \'{{env "RABBITMQ_URL"}}\'.';

/** Takes a url apart. Throws BROKER_UNREACHABLE, without the text, which may hold a password. */
export function parseRabbitmqUrl(text: string): RabbitmqAddress {
  const url = URL.parse(text);
  if (url === null || url.hostname === '' || (url.protocol !== 'amqp:' && url.protocol !== 'amqps:')) {
    throw new GccflowError('BROKER_UNREACHABLE', "The target's RabbitMQ url is no amqp:// or amqps:// address.", { hint });
  }
  const isNamed = url.username !== '' || url.password !== '';
  const vhost = decode(url.pathname.slice(1)) || '/';
  const port = Number(url.port) || (url.protocol === 'amqps:' ? 5671 : 5672);
  return {
    protocol: url.protocol === 'amqps:' ? 'amqps' : 'amqp',
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port,
    user: isNamed ? decode(url.username) : 'guest',
    password: isNamed ? decode(url.password) : 'guest',
    vhost,
    heartbeat: heartbeatOf(url.searchParams.get('heartbeat')),
    location: `RabbitMQ at ${url.hostname}:${port}${vhost === '/' ? '' : `/${vhost}`}`,
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new GccflowError('BROKER_UNREACHABLE', "The target's RabbitMQ url has a % that begins no %XX.", { hint });
  }
}

function heartbeatOf(text: string | null): number {
  if (text === null) return defaultHeartbeat;
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds > 0 && seconds <= 3600) return seconds;
  throw new GccflowError('BROKER_UNREACHABLE', "The heartbeat of the target's RabbitMQ url is no number of seconds from 1 to 3600.", {
    hint,
  });
}
