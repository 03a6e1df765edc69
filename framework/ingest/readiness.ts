import type { Log } from '../foundation/log.ts';

const pollMs = 250;

/** Whether an ingest takes events, and why not. Says so in the log when it changes. */
export class Readiness implements Disposable {
  readonly #obstacle: () => string | null;
  readonly #log: Log;
  readonly #watchers = new Set<(ready: boolean) => void>();
  readonly #timer: NodeJS.Timeout;
  #wasReady = true;
  #awaySince = 0;
  #stopping = false;

  constructor(obstacle: () => string | null, log: Log) {
    this.#obstacle = obstacle;
    this.#log = log;
    this.#timer = setInterval(() => this.#tellChange(), pollMs).unref();
  }

  /** Why no events are taken; null when all is well. */
  get reason(): string | null {
    return this.#stopping ? 'the server is stopping' : this.#obstacle();
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  /** Calls `watcher` now, and again when it changes. Gives back what ends that. */
  watch(watcher: (ready: boolean) => void): () => void {
    this.#watchers.add(watcher);
    watcher(this.reason === null);
    return () => void this.#watchers.delete(watcher);
  }

  /** From now on it is not ready. */
  stop(): void {
    this.#stopping = true;
    this.#tellChange();
    this.#watchers.clear();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #tellChange(): void {
    const reason = this.reason;
    const ready = reason === null;
    if (ready === this.#wasReady) return;
    this.#wasReady = ready;
    if (ready) this.#log.warn({ awayMs: Math.round(performance.now() - this.#awaySince) }, 'took events again');
    else if (!this.#stopping) this.#log.warn({ reason }, 'stopped taking events');
    this.#awaySince = performance.now();
    for (const watcher of this.#watchers) watcher(ready);
  }
}
