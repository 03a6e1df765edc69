/** What a snapshot should hold, worked out row by row: times are microseconds since 1970. */
export interface Version {
  readonly id: number;
  readonly name: string | null;
  readonly score: number | null;
  readonly updatedAt: bigint;
  readonly from: bigint;
  /** null while the version holds. */
  readonly to: bigint | null;
  readonly isDeleted: boolean;
}

export interface SourceRow {
  readonly id: number;
  readonly name: string | null;
  readonly score: number | null;
  readonly updated_at: bigint;
}

export interface SnapshotRules {
  readonly strategy: 'timestamp' | 'check';
  /** What `check` compares. */
  readonly compared: readonly (keyof SourceRow)[];
  readonly usesUpdatedAt: boolean;
  readonly hardDeletes: 'ignore' | 'invalidate' | 'new_record';
}

/** The history after one more run at `now`. */
export function nextHistory(
  history: readonly Version[],
  source: readonly SourceRow[],
  { rules, now }: { rules: SnapshotRules; now: bigint },
): Version[] {
  const next: Version[] = [];
  const ids = new Set([...history.map(({ id }) => id), ...source.map(({ id }) => id)]);
  for (const id of ids) {
    const own = history.filter((version) => version.id === id);
    const row = source.find((candidate) => candidate.id === id);
    next.push(...(row ? seen(own, row, rules, now) : missed(own, rules, now)));
  }
  return next;
}

function seen(own: readonly Version[], row: SourceRow, rules: SnapshotRules, now: bigint): Version[] {
  const changed = rules.usesUpdatedAt ? row.updated_at : now;
  const open = own.find(({ to }) => to === null);
  const begin = (from: bigint): Version => ({ ...row, updatedAt: changed, from, to: null, isDeleted: false });
  if (!open) {
    const ended = own.map(({ to }) => to ?? 0n).reduce((latest, to) => later(latest, to), 0n);
    return [...own, begin(own.length === 0 || changed >= ended ? changed : later(now, ended))];
  }
  if (!open.isDeleted && !differs(open, row, rules, changed)) return [...own];
  const at = changed > open.from ? changed : later(now, open.from + 1n);
  return [...own.filter((version) => version !== open), { ...open, to: at }, begin(at)];
}

function differs(open: Version, row: SourceRow, { strategy, compared }: SnapshotRules, changed: bigint): boolean {
  if (strategy === 'timestamp') return changed > open.updatedAt;
  const before = { id: open.id, name: open.name, score: open.score, updated_at: open.updatedAt };
  return compared.some((column) => before[column] !== row[column]);
}

function missed(own: readonly Version[], { hardDeletes }: SnapshotRules, now: bigint): Version[] {
  const open = own.find(({ to }) => to === null);
  if (!open || open.isDeleted || hardDeletes === 'ignore') return [...own];
  const at = later(now, open.from + 1n);
  const closed = [...own.filter((version) => version !== open), { ...open, to: at }];
  return hardDeletes === 'invalidate' ? closed : [...closed, { ...open, updatedAt: at, from: at, to: null, isDeleted: true }];
}

function later(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
