import { parseDuration } from '../foundation/duration.ts';
import { GccflowError } from '../foundation/error.ts';
import type { Moment } from '../scrape/queue/task.ts';
import type { TaskFlags } from './check-tasks.ts';

/** The flags of `gccflow enqueue` that are about every task, as they were typed. */
export interface TypedTaskFlags {
  readonly priority: string | undefined;
  readonly 'run-at': string | undefined;
  readonly delay: string | undefined;
  readonly 'expires-in': string | undefined;
  readonly 'idempotency-key': string | undefined;
  readonly account: string | undefined;
}

/** Throws USAGE for a value that is none of its kind. */
export function parseTaskFlags(typed: TypedTaskFlags): TaskFlags {
  if (typed['run-at'] !== undefined && typed.delay !== undefined) {
    throw new GccflowError('USAGE', '--run-at and --delay are two ways to say the same.', { hint: 'Give one of them.' });
  }
  return {
    priority: parsePriority(typed.priority),
    runAt: parseTime(typed['run-at']) ?? parseWait('--delay', typed.delay),
    expiresAt: parseWait('--expires-in', typed['expires-in']),
    idempotencyKey: typed['idempotency-key'] ?? null,
    account: typed.account ?? null,
  };
}

function parsePriority(text: string | undefined): number | null {
  if (text === undefined) return null;
  const priority = Number(text);
  if (/^-?\d+$/.test(text) && priority >= -32_768 && priority <= 32_767) return priority;
  throw new GccflowError('USAGE', `'--priority' takes a whole number from -32768 to 32767, not '${text}'.`);
}

function parseTime(text: string | undefined): Moment | null {
  if (text === undefined) return null;
  const at = new Date(text);
  if (!Number.isNaN(at.getTime())) return { at };
  throw new GccflowError('USAGE', `'--run-at' takes a time in ISO 8601, not '${text}'.`, {
    hint: 'Write for example 2025-06-01T03:00:00Z.',
  });
}

function parseWait(flag: string, text: string | undefined): Moment | null {
  if (text === undefined) return null;
  const inMs = parseDuration(text);
  if (inMs !== undefined) return { inMs };
  throw new GccflowError('USAGE', `'${flag}' takes a duration, not '${text}'.`, { hint: 'Write for example 30s, 10m or 2d.' });
}
