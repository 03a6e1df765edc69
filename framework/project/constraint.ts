import { z } from 'zod';

/** What every row of a model with an enforced contract must hold. */
export const Constraint = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('not_null') }),
  z.strictObject({
    type: z.literal('check'),
    expression: z.string().min(1).describe('SQL that is true of every row, e.g. `views >= 0`; NULL breaks it.'),
    name: z.string().nullable().default(null),
  }),
]);
export type Constraint = z.infer<typeof Constraint>;

export const ConstraintEntries = z
  .array(Constraint)
  .default([])
  .describe('Held on the new rows before they are published, where the contract is enforced. Uniqueness is a test.');
