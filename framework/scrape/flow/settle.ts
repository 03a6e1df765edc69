import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { sqlStateOf } from '../../connections/postgres-fault.ts';
import { GccflowError } from '../../foundation/error.ts';
import type { ErrorCode } from '../../foundation/error-codes.ts';
import type { FlowFile } from '../../project/flow-file.ts';
import type { LeasedTask, Settlement, TaskError } from '../queue/task.ts';
import { TaskFault } from '../task-fault.ts';
import { retryWaitMs } from '../worker/retry-wait.ts';
import type { FlowDeps } from './flow-deps.ts';

/** A service that is away is asked again after so long, and up to twice as long. */
const awayMs = 5000;

const servicesAway: ReadonlySet<ErrorCode> = new Set([
  'POSTGRES_UNREACHABLE',
  'BROKER_UNREACHABLE',
  'OBJECTS_UNREACHABLE',
  'LIMITER_UNREACHABLE',
] satisfies ErrorCode[]);

/** By SQLSTATE: deadlocks, locks that were not had, a server that is short of something, that cannot read its disk, or may not write now. */
const passing = /^(40|53|55P03|58|25006)/;

/** What becomes of a task whose attempt threw. */
export function settle(
  thrown: unknown,
  task: LeasedTask,
  flow: FlowFile,
  { mask, projectDir }: Pick<FlowDeps, 'mask' | 'projectDir'>,
): Settlement {
  const retryInMs = retryWaitMs(task.tries, flow.retry.backoff);
  const masked = ({ code, message, place }: TaskError): TaskError => ({ code, message: mask(message), place });
  if (thrown instanceof TaskFault) {
    if (thrown.kind === 'returned') return { kind: 'returned', reason: mask(thrown.message), waitMs: thrown.waitMs, code: thrown.code };
    if (thrown.kind === 'refused') return { kind: 'refused', error: masked(thrown) };
    return { kind: 'failed', error: masked(thrown), retryInMs: Math.max(retryInMs, thrown.waitMs) };
  }
  if (thrown instanceof GccflowError) {
    if (isAway(thrown)) return { kind: 'returned', reason: mask(thrown.message), waitMs: awayMs * (1 + Math.random()), code: thrown.code };
    return { kind: 'failed', error: masked({ code: thrown.code, message: thrown.message, place: placeOf(thrown, projectDir) }), retryInMs };
  }
  return {
    kind: 'failed',
    error: masked({ code: 'HANDLER_THREW', message: wordingOf(thrown), place: placeOf(thrown, projectDir) }),
    retryInMs,
  };
}

function isAway(error: GccflowError): boolean {
  return servicesAway.has(error.code) || (error.code === 'POSTGRES_QUERY' && passing.test(sqlStateOf(error) ?? ''));
}

/** The class and the first line of whatever code of the project threw. */
function wordingOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return `something that is no error was thrown: ${typeof thrown}`;
  const [line = ''] = thrown.message.split('\n');
  return `${thrown.name}: ${line.slice(0, 500)}`;
}

/** The frame of the stack that lies nearest to the throw in the project's own code, e.g. `flows/parse.ts:12:3`. */
function placeOf(thrown: unknown, projectDir: string): string | null {
  const folder = pathToFileURL(join(projectDir, '/')).href;
  const frames = (thrown instanceof Error ? (thrown.stack ?? '') : '').split('\n');
  for (const frame of frames) {
    const start = frame.indexOf(folder);
    const place = start < 0 ? undefined : /^[^()]+:\d+:\d+/.exec(frame.slice(start + folder.length))?.[0];
    if (place !== undefined && !place.includes('node_modules/')) return decodeURI(place);
  }
  return null;
}
