import { InvalidProject } from '../foundation/diagnostics.ts';
import { GccflowError } from '../foundation/error.ts';
import type { ErrorCode } from '../foundation/error-codes.ts';

/** How a command ends. */
export const exitCode = {
  ok: 0,
  /** A node or a test failed, or the project is invalid. */
  failed: 1,
  /** Wrong usage, or a selection that matches nothing. */
  usage: 2,
  /** Another run holds what this one needs. */
  locked: 3,
  /** A bug in gccflow. */
  bug: 70,
} as const;
export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

const usageCodes: ReadonlySet<ErrorCode> = new Set([
  'USAGE',
  'PROJECT_NOT_FOUND',
  'TARGET_NOT_FOUND',
  'SELECTOR_SYNTAX',
  'SELECTOR_METHOD_UNKNOWN',
  'SELECTOR_NO_MATCH',
  'SELECTOR_NOT_FOUND',
]);
const lockedCodes: ReadonlySet<ErrorCode> = new Set(['RUN_LOCKED', 'WAREHOUSE_HELD']);

/** The exit code that says what was thrown. */
export function exitCodeOf(thrown: unknown): ExitCode {
  if (thrown instanceof InvalidProject) return exitCode.failed;
  if (!(thrown instanceof GccflowError)) return exitCode.bug;
  if (usageCodes.has(thrown.code)) return exitCode.usage;
  return lockedCodes.has(thrown.code) ? exitCode.locked : exitCode.failed;
}
