import { z } from 'zod';

const format = z
  .enum(['dict', 'csv', 'sql'])
  .optional()
  .describe('How `rows` are written; dict for a list, and to be said for a text. Of a fixture, what its file ends with.');

/** Rows as a test writes them: in place, or in a file of `tests/fixtures/`. */
const rowsShape = {
  rows: z
    .union([z.array(z.record(z.string(), z.unknown())), z.string()])
    .optional()
    .describe('A list of rows, each a mapping of column to value; or one text in CSV with a header, or one SELECT.'),
  format,
  fixture: z.string().optional().describe('Name of a file of tests/fixtures/, without its ending; in place of `rows`.'),
};

export const RowsEntry = z.strictObject(rowsShape);
export type RowsEntry = z.infer<typeof RowsEntry>;

export const GivenEntry = z.strictObject({
  input: z
    .string()
    .optional()
    .describe(
      'What the rows stand for: `stg_post`, `{{ref "stg_post"}}`, `ref(\'stg_post\')`, `{{source "beat" "post"}}`, `beat.post`, or `this`. Without rows, a seed gives those of its own file. None for a macro.',
    ),
  ...rowsShape,
});

export const ExpectEntry = z.strictObject({
  ...rowsShape,
  ordered: z.boolean().default(false).describe('true: the rows come in this order. Otherwise any order will do.'),
  ctes: z.record(z.string(), RowsEntry).default({}).describe('Rows of parts of the model, by the name of the WITH expression.'),
  sql: z.string().optional().describe('Of a macro: the SQL it renders to, but for white space.'),
});

export const OverridesEntry = z.strictObject({
  vars: z.record(z.string(), z.unknown()).default({}).describe('Values of vars.'),
  macros: z
    .record(z.string(), z.union([z.boolean(), z.number(), z.string()]))
    .default({})
    .describe('What a macro or helper renders to; `is_incremental: true` for the incremental branch.'),
  env: z.record(z.string(), z.string()).default({}).describe('Values of variables of the environment.'),
  env_vars: z.record(z.string(), z.string()).default({}).describe("dbt's name of `env`."),
  now: z.string().optional().describe('What now(), today() and their like give, e.g. `2024-03-01 12:00:00`; UTC where no offset is said.'),
});

/** One unit test of a properties file. */
export const UnitTestEntry = z.strictObject({
  name: z.string().min(1),
  model: z.string().optional().describe('The model that is tested.'),
  macro: z.string().optional().describe('The macro that is tested, in place of a model.'),
  arguments: z.record(z.string(), z.unknown()).optional().describe('What the macro is called with.'),
  description: z.string().default(''),
  given: z
    .array(GivenEntry)
    .optional()
    .describe('Rows of what the model reads. What is not named is empty; a column that is not named has its default.'),
  expect: ExpectEntry.describe('What comes out. Only the columns that are named are compared.'),
  overrides: OverridesEntry.prefault({}),
  config: z
    .strictObject({
      enabled: z.boolean().default(true),
      tags: z.union([z.string().transform((text) => [text]), z.array(z.string())]).default([]),
      meta: z.record(z.string(), z.unknown()).default({}),
    })
    .prefault({}),
});
export type UnitTestEntry = z.infer<typeof UnitTestEntry>;
