import { parseDuration } from '../foundation/duration.ts';
import { GccflowError } from '../foundation/error.ts';

/** Milliseconds of --wait-lock, 0 where it is not given. Throws USAGE. */
export function parseWaitLock(text: string | undefined): number {
  const ms = text === undefined ? 0 : parseDuration(text);
  if (ms !== undefined) return ms;
  throw new GccflowError('USAGE', `'--wait-lock' takes a duration, not '${text}'.`, { hint: 'Write for example 30s, 10m or 1h.' });
}
