import { formatDuration } from '../foundation/duration.ts';
import type { Log } from '../foundation/log.ts';
import { refusalOf } from './rabbitmq-fault.ts';

const longMs = 60_000;

/** Says once that the broker was lost and once that it is back, however many connections are concerned. */
export class RabbitmqOutage {
  readonly #location: string;
  readonly #log: Log;
  readonly #lost = new Set<string>();
  #since = 0;
  #attempts = 0;
  #isLong = false;

  constructor(location: string, log: Log) {
    this.#location = location;
    this.#log = log;
  }

  lost(role: string, fault: Error | undefined): void {
    if (this.#lost.size === 0) {
      this.#since = performance.now();
      this.#attempts = 0;
      this.#isLong = false;
      this.#log.warn({ broker: this.#location, reason: fault === undefined ? 'closed' : refusalOf(fault).text }, 'broker connection lost');
    }
    this.#lost.add(role);
  }

  /** An attempt to connect again failed. An outage that lasts is said once more, with why: a password may have been changed. */
  stillLost(thrown: unknown): void {
    this.#attempts++;
    const fields = { broker: this.#location, attempts: this.#attempts, reason: refusalOf(thrown).text };
    const becomesLong = !this.#isLong && this.#lastedMs() >= longMs;
    this.#isLong ||= becomesLong;
    if (becomesLong) this.#log.warn(fields, 'broker connection still lost');
    else this.#log.debug(fields, 'broker connection not restored');
  }

  restored(role: string): void {
    this.#lost.delete(role);
    if (this.#lost.size > 0) return;
    const lasted = formatDuration(this.#lastedMs());
    this.#log.info({ broker: this.#location, attempts: this.#attempts, lasted }, 'broker connection restored');
  }

  #lastedMs(): number {
    return performance.now() - this.#since;
  }
}
