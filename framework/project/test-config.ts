import { z } from 'zod';

/** dbt's test configs, key for key. */
export const TestConfig = z.strictObject({
  enabled: z.boolean().default(true),
  severity: z.preprocess((value) => (typeof value === 'string' ? value.toLowerCase() : value), z.enum(['error', 'warn'])).default('error'),
  warn_if: z.string().default('!= 0').describe('Condition on the number of failures, e.g. `> 10`.'),
  error_if: z.string().default('!= 0'),
  fail_calc: z.string().default('count(*)').describe('What is counted as failures.'),
  where: z.string().nullable().default(null).describe('SQL condition; only these rows are tested.'),
  limit: z.int().positive().nullable().default(null).describe('Failing rows looked at, at most.'),
  store_failures: z.boolean().default(false).describe('Keep the failing rows in a table.'),
  tags: z.array(z.string()).default([]),
  meta: z.record(z.string(), z.unknown()).default({}),
});
export type TestConfig = z.infer<typeof TestConfig>;
