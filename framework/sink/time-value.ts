/** A moment: whole seconds since 1970, UTC, and the nanoseconds after them. */
export interface Moment {
  readonly seconds: number;
  readonly nanos: number;
}

const timePattern = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9})\d*)?)?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i;

/** The moment of ISO 8601, `YYYY-MM-DD hh:mm:ss` or `YYYY-MM-DD`, in UTC where no zone is named; or of a Date. Null for anything else. */
export function parseTime(value: unknown): Moment | null {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : ofMs(value.getTime());
  if (typeof value !== 'string') return null;
  const match = timePattern.exec(value);
  if (match === null) return null;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] = match;
  const midnight = midnightOf(Number(year), Number(month), Number(day));
  if (midnight === null || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  const offset = offsetOf(zone);
  if (offset === null) return null;
  const seconds = midnight + Number(hour) * 3600 + Number(minute) * 60 + Number(second) - offset;
  return { seconds, nanos: fraction === '' ? 0 : Number(fraction.padEnd(9, '0')) };
}

/** The calendar repeats itself after them. */
const secondsOf400Years = 146_097 * 86_400;

/** Null for a day that does not exist: `Date` would take the 31st of June for the 1st of July, and years below 100 for those after 1900. */
function midnightOf(year: number, month: number, day: number): number | null {
  if (month < 1 || month > 12 || day < 1 || day > 31) return null;
  const ms = Date.UTC(year + 400, month - 1, day);
  if (day > 28 && new Date(ms).getUTCDate() !== day) return null;
  return ms / 1000 - secondsOf400Years;
}

function offsetOf(zone: string): number | null {
  if (zone === 'Z' || zone === 'z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(-2)) * (zone.length > 3 ? 1 : 0);
  if (hours > 18 || minutes > 59) return null;
  return (zone[0] === '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
}

/** The moment of seconds or milliseconds since 1970, a number or the text of one. Null for anything else. */
export function parseEpoch(value: unknown, unit: 'epoch_s' | 'epoch_ms'): Moment | null {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return unit === 'epoch_ms' ? ofMs(value) : { seconds: value, nanos: 0 };
  if (typeof value !== 'number' && typeof value !== 'string') return null;
  const [, sign, whole, fraction = ''] = /^(-?)(\d{1,15})(?:\.(\d+))?$/.exec(String(value)) ?? [];
  if (whole === undefined) return null;
  const digits = `${whole}${fraction.slice(0, 9).padEnd(9, '0')}`; // of nanoseconds, or of millionths of them
  const nanos = unit === 'epoch_s' ? BigInt(digits) : BigInt(digits) / 1000n;
  return ofNanos(sign === '-' ? -nanos : nanos);
}

function ofMs(ms: number): Moment {
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: Math.floor((ms - seconds * 1000) * 1e6) };
}

function ofNanos(nanos: bigint): Moment {
  const within = ((nanos % billion) + billion) % billion;
  return { seconds: Number((nanos - within) / billion), nanos: Number(within) };
}

const billion = 1_000_000_000n;

/** `2026-01-31T10:11:12.123Z` with `digits` of the second, what is finer cut off. Of years 0 to 9999. */
export function formatMoment({ seconds, nanos }: Moment, digits: number): string {
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
  return digits === 0 ? `${whole}Z` : `${whole}.${String(nanos).padStart(9, '0').slice(0, digits)}Z`;
}

/** `2026-01-31`, the day in UTC. */
export function formatDay({ seconds }: Moment): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}
