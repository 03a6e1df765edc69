import { z } from 'zod';
import type { GenericTest } from '../../project/builtins.ts';

const Limit = z.int().nonnegative().nullable().default(null);

/** Fails with one row, the count, where there are fewer than `min` or more than `max` rows. */
export const rowCount: GenericTest = {
  name: 'row_count',
  column: 'none',
  arguments: z
    .strictObject({ min: Limit, max: Limit })
    .refine(({ min, max }) => min !== null || max !== null, 'Needs min, max or both.')
    .refine(({ min, max }) => min === null || max === null || min <= max, {
      error: 'no count is at least min and at most max.',
      path: ['min'],
    })
    .transform(({ min, max }) => ({ min: min === null ? 'NULL' : String(min), max: max === null ? 'NULL' : String(max) })),
  relations: [],
  sql: 'select count() from {{model}} having count() < {{min}} or count() > {{max}}',
};
