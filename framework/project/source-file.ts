import { z } from 'zod';
import { DurationValue } from './duration-value.ts';
import { ColumnEntry } from './models-file.ts';
import { TestEntries } from './test-entry.ts';

const FreshnessEntry = z.strictObject({
  warn_after: DurationValue.nullable().default(null).describe('Age of the newest row that is worth a warning, e.g. 12h.'),
  error_after: DurationValue.nullable().default(null).describe('Age of the newest row that is an error, e.g. 1d.'),
  filter: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Condition on the rows that `loaded_at` is read of, so that a large table is not read whole, e.g. `date > today() - 3`.'),
});

const LoadedAtQuery = z
  .string()
  .min(1)
  .nullable()
  .optional()
  .describe('A SELECT that gives one date or time: when the table was loaded. In place of `loaded_at`.');

const Texts = z.union([z.string().transform((text) => [text]), z.array(z.string())]);

/** Warehouse tables that no model builds. */
export const SourceFile = z.strictObject({
  kind: z.literal('source'),
  name: z.string().min(1).describe('First argument of `{{source}}`.'),
  description: z.string().default(''),
  database: z.string().nullable().default(null).describe('ClickHouse database; the name where null.'),
  loaded_at: z
    .string()
    .min(1)
    .nullable()
    .optional()
    .describe(
      'Column or expression that says when a row was loaded; for every table. Without this and `loaded_at_query`, the time at which the newest part of the table was written counts.',
    ),
  loaded_at_query: LoadedAtQuery,
  freshness: FreshnessEntry.nullable().default(null).describe('For every table that has none of its own.'),
  tags: Texts.default([]),
  meta: z.record(z.string(), z.unknown()).default({}),
  tables: z
    .array(
      z.strictObject({
        name: z.string().min(1).describe('Second argument of `{{source}}`.'),
        description: z.string().default(''),
        identifier: z.string().nullable().default(null).describe('Name of the table in ClickHouse; the name where null.'),
        loaded_at: z.string().min(1).nullable().optional(),
        loaded_at_query: LoadedAtQuery,
        freshness: FreshnessEntry.nullable().optional(),
        tags: Texts.default([]),
        meta: z.record(z.string(), z.unknown()).default({}),
        columns: z.array(ColumnEntry).default([]),
        tests: TestEntries.optional(),
        data_tests: TestEntries.optional().describe('The same as `tests`.'),
      }),
    )
    .default([]),
});
export type SourceFile = z.infer<typeof SourceFile>;
