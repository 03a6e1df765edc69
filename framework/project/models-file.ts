import { z } from 'zod';
import type { Position } from '../foundation/location.ts';
import type { Constraint } from './constraint.ts';
import { ConstraintEntries } from './constraint.ts';
import { ModelConfigEntry } from './placed-config.ts';
import { TestEntries } from './test-entry.ts';
import { UnitTestEntry } from './unit-test-entry.ts';

/** A column as a properties or source file declares it. */
export interface Column {
  readonly name: string;
  /** In the file that declares it. */
  readonly at: Position;
  /** ClickHouse type, e.g. `LowCardinality(String)`; null where none is declared. */
  readonly type: string | null;
  readonly description: string;
  readonly tags: readonly string[];
  readonly meta: Readonly<Record<string, unknown>>;
  /** Empty where none is declared. */
  readonly constraints: readonly Constraint[];
}

/** One text or a list of texts; a list once read. */
const Texts = z.union([z.string().transform((text) => [text]), z.array(z.string())]);

export const ColumnEntry = z.strictObject({
  name: z.string().min(1),
  type: z.string().nullable().default(null).describe('ClickHouse type, e.g. `LowCardinality(String)`.'),
  data_type: z.string().optional().describe('The same as `type`.'),
  description: z.string().default(''),
  tags: Texts.default([]),
  meta: z.record(z.string(), z.unknown()).default({}),
  constraints: ConstraintEntries,
  tests: TestEntries.optional(),
  data_tests: TestEntries.optional().describe('The same as `tests`.'),
});
export type ColumnEntry = z.infer<typeof ColumnEntry>;

export const ModelEntry = z.strictObject({
  name: z.string().min(1).describe('Name of the model or seed.'),
  description: z.string().default(''),
  config: ModelConfigEntry.optional().describe('Config of the node; wins over project.yaml, loses to `{{config}}` in the SQL.'),
  columns: z.array(ColumnEntry).default([]),
  constraints: ConstraintEntries.describe('Of several columns: what every row must hold, where the contract is enforced.'),
  tests: TestEntries.optional(),
  data_tests: TestEntries.optional().describe('The same as `tests`.'),
});

export const ExposureType = z.enum(['dashboard', 'notebook', 'analysis', 'ml', 'application']);
export type ExposureType = z.infer<typeof ExposureType>;

export const ExposureEntry = z.strictObject({
  name: z.string().min(1),
  type: ExposureType.default('dashboard'),
  description: z.string().default(''),
  owner: z
    .union([z.string(), z.strictObject({ name: z.string().optional(), email: z.string().optional() })])
    .nullable()
    .default(null),
  url: z.string().nullable().default(null),
  depends_on: z.array(z.string()).default([]).describe('What it reads: `mart_post`, `beat.profile` or `{{ref "mart_post"}}`.'),
  tags: Texts.default([]),
  meta: z.record(z.string(), z.unknown()).default({}),
});
export type ExposureEntry = z.infer<typeof ExposureEntry>;

/** Properties of models: descriptions, columns, config, tests, unit tests; and the uses of the data outside gccflow. */
export const ModelsFile = z.strictObject({
  kind: z.literal('models'),
  models: z.array(ModelEntry).default([]),
  unit_tests: z.array(UnitTestEntry).default([]).describe('Tests of the SQL of models and macros on a few rows, without a warehouse.'),
  exposures: z.array(ExposureEntry).default([]),
});

/** Properties of seeds. */
export const SeedsFile = z.strictObject({
  kind: z.literal('seeds'),
  seeds: z.array(ModelEntry).default([]),
});
