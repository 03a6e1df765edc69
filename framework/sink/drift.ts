import type { Log } from '../foundation/log.ts';

/** Reports what bodies have that a sink does not expect, once per field: a queue full of it is one line. */
export interface Drift {
  /** A field that no column reads and nothing keeps. */
  unknownField(path: string): void;
  /** A field whose value its column does not take, or that is missing. */
  mistake(path: string, column: string, expected: string): void;
  /** Whether nothing more is reported: names that are data would fill memory and log. */
  readonly isFull: boolean;
}

const maxFields = 200;
const maxName = 200;

/** The drift of one sink, for as long as it runs. Fields are named, their values are not. */
export function watchDrift(log: Log): Drift {
  const seen = new Set<string>();
  const isNew = (key: string): boolean => {
    if (seen.size >= maxFields || seen.has(key)) return false;
    seen.add(key);
    if (seen.size === maxFields) log.warn({ fields: maxFields }, 'more fields drifted than are reported');
    return true;
  };
  return {
    unknownField: (path) => {
      if (isNew(`unknown ${path}`)) log.warn({ field: path.slice(0, maxName) }, 'unknown field dropped');
    },
    mistake: (path, column, expected) => {
      if (isNew(`mistake ${column}`)) log.warn({ field: path.slice(0, maxName), column, expected }, 'field does not fit its column');
    },
    get isFull() {
      return seen.size >= maxFields;
    },
  };
}
