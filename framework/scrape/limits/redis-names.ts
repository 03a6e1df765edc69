/** The keys that a limiter has in Redis. Levels and holds have others in each epoch, so that what is left of an earlier one does not count. */
export class RedisNames {
  readonly epoch: string;
  readonly clock: string;
  readonly claim: string;
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
    this.epoch = `${prefix}:limits:epoch`;
    this.clock = `${prefix}:limits:clock`;
    this.claim = `${prefix}:limits:claim`;
  }

  calls(epoch: string, level: string): string {
    return `${this.#prefix}:calls:${epoch}:${level}`;
  }

  left(epoch: string, level: string): string {
    return `${this.#prefix}:left:${epoch}:${level}`;
  }

  block(epoch: string, level: string): string {
    return `${this.#prefix}:block:${epoch}:${level}`;
  }

  /** Of a key, whatever its levels. */
  hold(epoch: string, key: string): string {
    return `${this.#prefix}:hold:${epoch}:${key}`;
  }
}
