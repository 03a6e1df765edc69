import { GccflowError, messageOf } from '../foundation/error.ts';

const knownTexts: readonly (readonly [RegExp, string])[] = [
  [/^(?:WRONGPASS|NOAUTH|ERR invalid password|ERR AUTH)/, 'it refuses the user or the password'],
  [/^NOPERM/, 'it does not let the user run the commands that counting needs'],
  [/^READONLY/, 'it is a replica now'],
  [/^OOM/, 'its memory is full'],
  [/^LOADING/, 'it still loads its data'],
  [/Command timed out/, 'it did not answer in time'],
  [/Connection is closed|Stream isn't writeable/, 'the connection was lost'],
];

/**
 * The error of something that Redis did not answer, or refused; it may have been done. ioredis' own error is not kept: it holds the
 * arguments of the command, and so perhaps a password.
 */
export function redisUnreachable(doing: string, location: string, thrown: unknown): GccflowError {
  if (thrown instanceof GccflowError) return thrown;
  const first = thrown instanceof AggregateError ? thrown.errors[0] : thrown;
  const text = messageOf(first).replace(/\.$/, '');
  const why = knownTexts.find(([pattern]) => pattern.test(text))?.[1] ?? text;
  return new GccflowError('LIMITER_UNREACHABLE', `${location} failed while ${doing}: ${why}.`, {
    hint: "Check that it runs, and host, port, user and password of the target's limiter url; the connection is made again by itself.",
  });
}

/** The node of a cluster that a refusal names as the holder of the key, or null. An empty host is the one that was asked. */
export function movedTo(thrown: unknown): { readonly host: string; readonly port: number } | null {
  const [, host, port] = /^MOVED \d+ (.*):(\d+)$/.exec(messageOf(thrown)) ?? [];
  return host === undefined ? null : { host, port: Number(port) };
}
