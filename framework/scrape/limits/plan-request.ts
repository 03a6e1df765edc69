import type { Level, LimitRequest } from './limiter.ts';

/** A level as it is counted. */
export interface PlannedLevel extends Level {
  /** Levels with the same id share a count. */
  readonly id: string;
  /** The choice it belongs to; -1 for all. */
  readonly choice: number;
  /** False where another level of the request has the same id and takes the call: it is only checked. */
  readonly isTaken: boolean;
}

/** A count is that of a key in windows of one length and kind. Two levels of one key with windows of two lengths both hold, each for itself. */
export function levelId({ key, perMs, window }: Level): string {
  return `${key}:${Math.ceil(perMs)}${window === 'fixed' ? ':fixed' : ''}`;
}

/** The level of an id, without its number of requests; null for a text that is none. */
export function parseLevelId(id: string): Omit<Level, 'requests'> | null {
  const [, key, perMs, fixed] = /^(.*):(\d+)(:fixed)?$/s.exec(id) ?? [];
  return key === undefined ? null : { key, perMs: Number(perMs), window: fixed === undefined ? 'sliding' : 'fixed' };
}

/** The levels of a request, each id once for all choices and once for each of them. Of several with one id the strictest holds. */
export function planRequest({ levels, choices }: LimitRequest): readonly PlannedLevel[] {
  const common = strictest(levels);
  const planned = [...common.values()].map((level) => plan(level, -1, true));
  for (const [choice, own] of choices.entries()) {
    for (const level of strictest(own).values()) {
      const other = common.get(levelId(level));
      if (other === undefined || level.requests < other.requests) planned.push(plan(level, choice, other === undefined));
    }
  }
  return planned;
}

function plan(level: Level, choice: number, isTaken: boolean): PlannedLevel {
  return { ...level, perMs: Math.ceil(level.perMs), id: levelId(level), choice, isTaken };
}

function strictest(levels: readonly Level[]): Map<string, Level> {
  const byId = new Map<string, Level>();
  for (const level of levels) {
    const other = byId.get(levelId(level));
    if (other === undefined || level.requests < other.requests) byId.set(levelId(level), level);
  }
  return byId;
}
