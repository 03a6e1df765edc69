import type { GccflowError } from '../../foundation/error.ts';
import type { UnitTestNode } from '../../manifest/manifest.ts';

/** How a unit test came out. */
export interface UnitTestResult {
  readonly node: UnitTestNode;
  /** `error`: it could not be run, because of a mistake in it or in its model. */
  readonly status: 'pass' | 'fail' | 'error';
  readonly durationMs: number;
  /** Rows that are not as expected. */
  readonly failures: number;
  /** Everything that is wrong; empty where it passed. The rows that differ stand in the lines of the message. */
  readonly errors: readonly GccflowError[];
  /** The SQL that was tested; null where it was not rendered. */
  readonly sql: string | null;
}
