import { z } from 'zod';
import { parseDuration } from '../foundation/duration.ts';

/** A duration in YAML (`500ms`, `2s`, `5m`, `4h`, `1d`); milliseconds once read. */
export const DurationValue = z
  .string({ error: 'a duration is expected, for example 500ms, 2s, 5m, 4h or 1d' })
  .transform((text, context) => {
    const ms = parseDuration(text);
    if (ms !== undefined) return ms;
    context.addIssue({ code: 'custom', message: `'${text}' is no duration; write for example 500ms, 2s, 5m, 4h or 1d.` });
    return z.NEVER;
  });
