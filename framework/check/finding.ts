import type { GccflowError } from '../foundation/error.ts';
import type { NodeId } from '../manifest/manifest.ts';

/** One thing that `gccflow check` found. */
export interface Finding {
  readonly severity: 'error' | 'warn';
  /** The node it is about; null where it is about the project. */
  readonly node: NodeId | null;
  /** Code, sentence, place in the author's file, hint. */
  readonly error: GccflowError;
  /** The rendered line at fault, where the author's file shows only the call that rendered it. */
  readonly expanded?: string | undefined;
  /** Where in the rendered SQL the fault stands, where it stands there, and what follows from it. */
  readonly offsets?: readonly number[];
}
