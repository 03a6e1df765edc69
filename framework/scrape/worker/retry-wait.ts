const mostMs = 3_600_000;

/** How long a task waits after a failed attempt: `backoffMs` after its first try, twice as long each time, an hour at most; half of it by chance. */
export function retryWaitMs(tries: number, backoffMs: number, random: () => number = Math.random): number {
  return Math.round(Math.min(mostMs, backoffMs * 2 ** Math.min(tries - 1, 30)) * (0.5 + random() / 2));
}
