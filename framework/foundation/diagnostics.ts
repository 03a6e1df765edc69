import type { GccflowError } from './error.ts';
import type { Location } from './location.ts';

/** Collects the mistakes of a stage, so that one run reports all of them. */
export class Diagnostics {
  readonly #errors: GccflowError[] = [];

  report(error: GccflowError): void {
    this.#errors.push(error);
  }

  /** The mistakes so far, by file and position; those without a place come last. What an unset variable left unfit is not told twice. */
  get errors(): readonly GccflowError[] {
    const unset = new Set(this.#errors.flatMap(({ code, at }) => (code === 'ENV_MISSING' && at ? [placeOf(at)] : [])));
    return this.#errors.filter(({ code, at }) => code !== 'VALUE_INVALID' || !at || !unset.has(placeOf(at))).toSorted(byPlace);
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

const placeOf = ({ file, line, column }: Location): string => `${file}:${line}:${column}`;

function byPlace(a: GccflowError, b: GccflowError): number {
  if (!a.at || !b.at) return Number(!a.at) - Number(!b.at);
  return a.at.file < b.at.file ? -1 : a.at.file > b.at.file ? 1 : a.at.line - b.at.line || a.at.column - b.at.column;
}
