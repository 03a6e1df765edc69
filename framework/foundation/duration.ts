const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds of a duration as users write it (`500ms`, `2s`, `5m`, `4h`, `1d`), or undefined if it is none. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim()) ?? [];
  if (amount === undefined || unit === undefined) return undefined;
  return Number(amount) * unitMs[unit as keyof typeof unitMs];
}

/** A duration for people: `850 ms`, `3.2 s`, `4 m 10 s`, `2 h 5 m`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} m`;
}

/** An age for people, by its two largest units: `3 d 4 h`, `6 h`, `40 s`; `2 m ahead` where it is below zero. */
export function formatAge(ms: number): string {
  if (ms < 0) return `${formatAge(-ms)} ahead`;
  const seconds = Math.floor(ms / 1000);
  const units = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const;
  const largest = Math.max(
    0,
    units.findIndex(([count]) => count > 0),
  );
  const shown = units.slice(largest, largest + 2).filter(([count]) => count > 0);
  return shown.length === 0 ? '0 s' : shown.map(([count, unit]) => `${count} ${unit}`).join(' ');
}
