/** Bytes that all uploads of a process together may hold. */
export class MemoryBudget {
  #free: number;
  readonly #waiting: { readonly bytes: number; readonly taken: () => void }[] = [];

  constructor(bytes: number) {
    this.#free = bytes;
  }

  /** Takes some at once, or none: those that wait come first. */
  tryTake(bytes: number): boolean {
    if (this.#waiting.length > 0 || bytes > this.#free) return false;
    this.#free -= bytes;
    return true;
  }

  /** Takes some when there are as many, in the order of asking. Who waits may hold none, or all could wait for each other. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.tryTake(bytes)) return;
    const { promise, resolve: taken, reject } = Promise.withResolvers<void>();
    const entry = { bytes, taken };
    const leave = (): void => {
      this.#waiting.splice(this.#waiting.indexOf(entry), 1);
      reject(signal.reason);
      this.#serve();
    };
    signal.addEventListener('abort', leave, { once: true });
    this.#waiting.push(entry);
    await promise.finally(() => signal.removeEventListener('abort', leave));
  }

  give(bytes: number): void {
    this.#free += bytes;
    this.#serve();
  }

  #serve(): void {
    for (let first = this.#waiting[0]; first !== undefined && first.bytes <= this.#free; first = this.#waiting[0]) {
      this.#free -= first.bytes;
      this.#waiting.shift();
      first.taken();
    }
  }
}
