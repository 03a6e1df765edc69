import { z } from 'zod';
import { DurationValue } from './duration-value.ts';
import { ColumnEntry } from './models-file.ts';
import { TestEntries } from './test-entry.ts';

const FreshnessEntry = z.strictObject({
  warn_after: DurationValue.nullable().default(null).describe('Age of the newest row that is worth a warning, e.g. 12h.'),
  error_after: DurationValue.nullable().default(null).describe('Age of the newest row that is an error, e.g. 1d.'),
});

const Texts = z.union([z.string().transform((text) => [text]), z.array(z.string())]);

/** Warehouse tables that no model builds. */
export const SourceFile = z.strictObject({
  kind: z.literal('source'),
  name: z.string().min(1).describe('First argument of `{{source}}`.'),
  description: z.string().default(''),
  database: z.string().nullable().default(null).describe('ClickHouse database; the name where null.'),
  loaded_at: z.string().nullable().default(null).describe('Column or expression that says when a row was loaded; for every table.'),
  freshness: FreshnessEntry.nullable().default(null).describe('For every table that has none of its own.'),
  tags: Texts.default([]),
  meta: z.record(z.string(), z.unknown()).default({}),
  tables: z
    .array(
      z.strictObject({
        name: z.string().min(1).describe('Second argument of `{{source}}`.'),
        description: z.string().default(''),
        identifier: z.string().nullable().default(null).describe('Name of the table in ClickHouse; the name where null.'),
        loaded_at: z.string().nullable().optional(),
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
