import { GccflowError } from '../foundation/error.ts';
import { type Instant, type Interval, parseInstant } from '../manifest/interval.ts';

/** The stretch that --start and --end ask for; undefined where neither is given. Throws USAGE. */
export function parseIntervalRange({ start, end }: { start?: string | undefined; end?: string | undefined }): Interval | undefined {
  if (start === undefined && end === undefined) return undefined;
  if (start === undefined || end === undefined) {
    throw new GccflowError('USAGE', `'--start' and '--end' go together, and '--${start === undefined ? 'start' : 'end'}' is not given.`, {
      hint,
    });
  }
  const range = { start: instantOf('start', start), end: instantOf('end', end) };
  if (range.start < range.end) return range;
  throw new GccflowError('USAGE', `'--start ${start}' is not before '--end ${end}', which is no longer part of the range.`, { hint });
}

const hint = 'Write for example --start 2024-01-01 --end 2024-02-01 for all of January, in UTC.';

function instantOf(flag: string, text: string): Instant {
  const instant = parseInstant(text);
  if (instant !== null) return instant;
  throw new GccflowError('USAGE', `'--${flag}' takes a time in UTC, not '${text}'.`, {
    hint: 'Write for example 2024-01-01 or 2024-01-01T06:00.',
  });
}
