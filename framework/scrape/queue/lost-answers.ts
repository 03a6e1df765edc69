import { randomBytes } from 'node:crypto';

/**
 * How long a lost answer may still come true: a statement whose connection broke runs on, and what it leases is seen when it has committed.
 * What comes even later falls due with its lease.
 */
const keptMs = 60_000;

interface Lost {
  readonly worker: string;
  readonly token: string;
  readonly untilMs: number;
}

/** Names of the calls whose answers were lost, so that it is not known which tasks they have leased. */
export class LostAnswers {
  #lost: readonly Lost[] = [];

  /** A name for a call that no other has. */
  newToken(): string {
    return randomBytes(8).readBigInt64BE().toString();
  }

  add(worker: string, token: string): void {
    this.#lost = [...this.#lost, { worker, token, untilMs: performance.now() + keptMs }];
  }

  tokensOf(worker: string): readonly string[] {
    if (this.#lost.length > 0) this.#lost = this.#lost.filter(({ untilMs }) => untilMs > performance.now());
    return this.#lost.filter((lost) => lost.worker === worker).map(({ token }) => token);
  }
}
