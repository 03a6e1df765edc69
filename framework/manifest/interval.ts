import { quoteText } from '../foundation/quote.ts';
import type { BatchSize } from '../project/model-config.ts';

/** A time in UTC as text, as short as it can be: `2024-01-01`, else `2024-01-01T06:00:00Z`. Later ones sort after earlier ones. */
export type Instant = string;

/** A stretch of time, half-open: `start` is in it, `end` is not. */
export interface Interval {
  readonly start: Instant;
  readonly end: Instant;
}

/** The instant of a date, to the second. */
export function instantOf(date: Date): Instant {
  const text = date.toISOString();
  return text.slice(11, 19) === '00:00:00' ? text.slice(0, 10) : `${text.slice(0, 19)}Z`;
}

/** A time in UTC as users write it (`2024-01-01`, `2024-01-01T06:00`, `2024-01-01 06:00:00Z`), or null where it is none from 1970 to 2105. */
export function parseInstant(text: string): Instant | null {
  const [, day, time = '00:00', seconds = ':00'] = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?Z?)?$/.exec(text.trim()) ?? [];
  if (day === undefined) return null;
  const written = `${day}T${time}${seconds}.000Z`;
  const date = new Date(written);
  const isReal = !Number.isNaN(date.getTime()) && date.toISOString() === written; // 02-30 becomes 03-01
  return isReal && date.getUTCFullYear() >= 1970 && date.getUTCFullYear() < 2106 ? instantOf(date) : null;
}

/** A time as SQL. A DateTime of UTC: compared with a Date, midnight of that day; with a DateTime of any zone, the same instant. */
export function instantSql(instant: Instant): string {
  const text = new Date(instant).toISOString().slice(0, 19).replace('T', ' ');
  return `toDateTime(${quoteText(text, 'clickhouse')}, 'UTC')`;
}

/** When the interval began that an instant falls into. */
export function floorTo(instant: Instant, size: BatchSize): Instant {
  const length = { year: 4, month: 7, day: 10, hour: 13 }[size];
  return instantOf(new Date(new Date(instant).toISOString().slice(0, length) + '0000-01-01T00:00:00.000Z'.slice(length)));
}

/** When the interval ends that an instant falls into, or the instant itself where one begins with it. */
export function ceilTo(instant: Instant, size: BatchSize): Instant {
  const floor = floorTo(instant, size);
  return floor === instant ? floor : shiftBy(floor, size, 1);
}

/** The beginning of the interval that is so many intervals later; earlier where `steps` is negative. */
export function shiftBy(start: Instant, size: BatchSize, steps: number): Instant {
  const date = new Date(start);
  if (size === 'year') date.setUTCFullYear(date.getUTCFullYear() + steps);
  else if (size === 'month') date.setUTCMonth(date.getUTCMonth() + steps);
  else if (size === 'day') date.setUTCDate(date.getUTCDate() + steps);
  else date.setUTCHours(date.getUTCHours() + steps);
  return instantOf(date);
}

/** The whole intervals that have a part of a stretch of time, earliest first. */
export function intervalsIn({ start, end }: Interval, size: BatchSize): Interval[] {
  const intervals: Interval[] = [];
  for (let at = floorTo(start, size); at < end; at = shiftBy(at, size, 1)) intervals.push({ start: at, end: shiftBy(at, size, 1) });
  return intervals;
}
