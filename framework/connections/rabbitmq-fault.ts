import { GccflowError, messageOf } from '../foundation/error.ts';
import type { RabbitmqAddress } from './rabbitmq-address.ts';

/** Why RabbitMQ closed a channel or refused a login. */
export interface RabbitmqRefusal {
  /** AMQP reply code, e.g. 404; 0 where it was not the server. */
  readonly code: number;
  /** e.g. `no queue 'q' in vhost '/'`. */
  readonly text: string;
}

/** The fields of amqplib's errors that are looked at. */
interface DriverError {
  readonly code?: unknown;
  /** What OpenSSL says, without its source files. */
  readonly reason?: unknown;
}

const handshakeTexts: readonly (readonly [RegExp, string])[] = [
  [
    /Expected ConnectionOpenOk; got <ConnectionClose/,
    "there is no such virtual host, or the user may not use it, or one of the user's limits is reached",
  ],
  [/Login was refused/, 'it refuses the user or the password'],
  [
    /self-signed certificate|unable to (?:verify|get)[\s\S]*certificate/,
    'its certificate is signed by nobody known here (NODE_EXTRA_CA_CERTS names a file with more authorities)',
  ],
  [/Socket closed abruptly/, 'it closed the connection at once'],
  [/ETIMEDOUT/, 'it did not answer in time'],
];

/** What amqplib threw: the server's reply code and text, or the driver's text. */
export function refusalOf(thrown: unknown): RabbitmqRefusal {
  const { code, reason } = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as DriverError;
  const first = thrown instanceof AggregateError ? thrown.errors[0] : thrown;
  const message = typeof reason === 'string' ? `TLS: ${reason}` : messageOf(first).trim();
  const text = /with message "(?:[A-Z_]+ - )?([\s\S]*)"$/.exec(message)?.[1] ?? message;
  return { code: typeof code === 'number' ? code : 0, text: text.replace(/\.$/, '') };
}

/** The error of an address that could not be connected to. */
export function unreachable(thrown: unknown, { location }: RabbitmqAddress): GccflowError {
  if (thrown instanceof GccflowError) return thrown;
  const { text } = refusalOf(thrown);
  const known = handshakeTexts.find(([pattern]) => pattern.test(text))?.[1];
  return new GccflowError('BROKER_UNREACHABLE', `${location} cannot be used: ${known ?? text}.`, {
    hint: "Check that it runs, and host, port, user, password and virtual host of the target's broker url.",
    cause: thrown,
  });
}

/** An operation that failed for no reason of its own: BROKER_REFUSED where the user may not do it, else BROKER_UNREACHABLE. */
export function failed(doing: string, thrown: unknown, location: string): GccflowError {
  if (thrown instanceof GccflowError) return thrown;
  const { code, text } = refusalOf(thrown);
  if (code === accessRefused) {
    return new GccflowError('BROKER_REFUSED', `${location} forbids ${doing}: ${text}.`, {
      hint: "Give the user of the target's broker url the permission, or let somebody who has it run `gccflow queues apply`.",
      cause: thrown,
    });
  }
  const what = code === 0 ? `The connection to ${location} was lost while ${doing}` : `${location} failed while ${doing}: ${text}`;
  return new GccflowError('BROKER_UNREACHABLE', `${what}.`, { hint: 'Check that it runs, then try again.', cause: thrown });
}

export const accessRefused = 403;

/** A queue whose node is down is answered with the same code, and is not missing. */
export function isMissing(thrown: unknown): boolean {
  const { code, text } = refusalOf(thrown);
  return code === 404 && /^no (?:queue|exchange) /.test(text);
}

export function queueNotFound(queue: string, location: string): GccflowError {
  return new GccflowError('QUEUE_NOT_FOUND', `${location} has no queue '${queue}'.`, { hint: 'Run `gccflow queues apply` to declare it.' });
}
