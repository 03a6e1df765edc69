import type { GccflowError } from './error.ts';

/** Collects the mistakes of a stage, so that one run reports all of them. */
export class Diagnostics {
  readonly #errors: GccflowError[] = [];

  report(error: GccflowError): void {
    this.#errors.push(error);
  }

  /** The mistakes so far, by file and position; those without a place come last. */
  get errors(): readonly GccflowError[] {
    return this.#errors.toSorted(byPlace);
  }

  /** Ends the stage. Throws `InvalidProject` with every mistake if there is one. */
  throwIfAny(): void {
    if (this.#errors.length > 0) throw new InvalidProject(this.errors);
  }
}

/** All the mistakes of one project. */
export class InvalidProject extends Error {
  override readonly name = 'InvalidProject';
  readonly errors: readonly GccflowError[];

  constructor(errors: readonly GccflowError[]) {
    super(`The project has ${errors.length === 1 ? 'a mistake' : `${errors.length} mistakes`}.`);
    this.errors = errors;
  }
}

function byPlace(a: GccflowError, b: GccflowError): number {
  if (!a.at || !b.at) return Number(!a.at) - Number(!b.at);
  return a.at.file < b.at.file ? -1 : a.at.file > b.at.file ? 1 : a.at.line - b.at.line || a.at.column - b.at.column;
}
