const firstMs = 200;
const mostMs = 30_000;

/** How long to wait before another try: 0.2 s, twice as long each time, at most 30 s; half of it by chance, so that many do not come at once. */
export function backoffMs(failures: number, random: () => number = Math.random): number {
  const fullMs = Math.min(mostMs, firstMs * 2 ** Math.min(failures - 1, 20));
  return fullMs * (0.5 + random() / 2);
}
