import type { Log } from '../foundation/log.ts';
import type { WriteFault, WriteFaultKind } from './writer.ts';

/** Whether a sink's destination takes rows. Says so once when it stops and once when it goes on, however often it is tried in between and whatever else goes wrong then. */
export class DestinationHealth {
  readonly #log: Log;
  #failures = 0;
  #sinceMs = 0;
  #told: WriteFaultKind | null = null;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Failures in a row. */
  get failures(): number {
    return this.#failures;
  }

  /** How long it has been failing; 0 where all is well. */
  get awayMs(): number {
    return this.#failures === 0 ? 0 : performance.now() - this.#sinceMs;
  }

  failed({ kind, code, message }: Pick<WriteFault, 'kind' | 'code' | 'message'>): void {
    if (this.#failures++ === 0) this.#sinceMs = performance.now();
    if (this.#told === kind) return;
    this.#told = kind;
    this.#log.warn({ kind, code, reason: message }, kind === 'setup' ? 'destination refused everything' : 'destination away');
  }

  answered(): void {
    if (this.#failures === 0) return;
    this.#log.warn({ failures: this.#failures, afterMs: Math.round(this.awayMs) }, 'destination answered again');
    this.#failures = 0;
    this.#told = null;
  }
}
