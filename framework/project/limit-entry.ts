import { z } from 'zod';
import { DurationValue } from './duration-value.ts';

/** A limit of calls. */
export const LimitEntry = z.strictObject({
  key: z
    .string()
    .min(1)
    .describe('What is counted, e.g. `beat_minute_{platform}`; `{name}` stands for a param. Flows that name the same key share its count.'),
  requests: z.int().positive().describe('Calls at most,'),
  per: DurationValue.refine((ms) => ms > 0, 'a time above 0 is expected.').describe('in this time, e.g. 1m.'),
  window: z
    .enum(['sliding', 'fixed'])
    .default('sliding')
    .describe(
      'sliding: never more in any window of that length. fixed: windows begin at whole multiples of it, so that up to twice as many may meet at a boundary.',
    ),
});
export type LimitEntry = z.infer<typeof LimitEntry>;
