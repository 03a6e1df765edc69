import type { ErrorCode } from './error-codes.ts';
import type { Location } from './location.ts';

export interface ErrorDetails {
  /** What to do next, as a whole sentence. */
  readonly hint?: string | undefined;
  /** Where the mistake stands. */
  readonly at?: Location | undefined;
  readonly cause?: unknown;
}

/** A mistake or an outage the reader can act on. Anything else that is thrown is a bug in gccflow. */
export class GccflowError extends Error {
  override readonly name = 'GccflowError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly at: Location | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
    this.at = details.at;
  }
}

/** The text of whatever was thrown, for a sentence that wraps it. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
