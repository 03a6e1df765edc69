import { z } from 'zod';
import type { Location } from '../foundation/location.ts';

const common = {
  severity: z.enum(['error', 'warn', 'off']).default('error'),
  because: z.string().nullable().default(null).describe('Why the rule is there; shown where it is broken.'),
};

const selection = {
  select: z.string().min(1).describe('Nodes it holds for, tests aside, in the grammar of --select, e.g. `path:models/staging`.'),
  exclude: z.string().nullable().default(null).describe('Nodes it does not hold for.'),
};

/** The rules over ClickHouse's own reading of a model's SQL. */
export const treeRuleNames = ['select_star', 'unused_cte', 'implicit_variant', 'join_without_keys', 'unfiltered_order_by'] as const;
export type TreeRuleName = (typeof treeRuleNames)[number];

/** One rule of `rules:` in project.yaml, held by `gccflow check`. */
export const Rule = z.discriminatedUnion('rule', [
  z.strictObject({
    rule: z.literal('naming').describe('The nodes have names of one pattern.'),
    ...common,
    ...selection,
    pattern: z.string().min(1).describe('With `*` and `?`, e.g. `stg_*`.'),
  }),
  z.strictObject({
    rule: z.literal('layering').describe('The nodes read only nodes of certain layers.'),
    ...common,
    ...selection,
    reads: z.string().min(1).describe('What they may read, in the grammar of --select, e.g. `resource_type:source path:models/staging`.'),
  }),
  z.strictObject({
    rule: z.literal('required').describe('The nodes say certain things about themselves.'),
    ...common,
    ...selection,
    description: z.boolean().default(false).describe('Of the node.'),
    column_descriptions: z.boolean().default(false).describe('Of every declared column.'),
    owner: z.boolean().default(false).describe('`meta: { owner: … }`, or the owner of an exposure.'),
    tests: z.array(z.string()).default([]).describe('Generic tests that the node or one of its columns has, each of them.'),
    config: z.array(z.string()).default([]).describe('Config keys with a value, e.g. `[unique_key, order_by]`.'),
    watermark: z.boolean().default(false).describe('The SQL says `{{#if (is_incremental)}}`, or names an interval.'),
  }),
  z.strictObject({
    rule: z.literal('closed').describe('What the nodes read, near or far, is among them; sources and seeds aside.'),
    ...common,
    ...selection,
  }),
  z.strictObject({
    rule: z.literal('count').describe('There are as many of the nodes as it says.'),
    ...common,
    ...selection,
    is: z.int().nonnegative().optional(),
    at_least: z.int().nonnegative().optional(),
    at_most: z.int().nonnegative().optional(),
  }),
  z.strictObject({
    rule: z.literal('scheduled').describe('The nodes are run by schedules, each by one at least.'),
    ...common,
    ...selection,
  }),
  ...treeRuleNames.map((name) =>
    z.strictObject({ rule: z.literal(name), ...common, ...selection, select: selection.select.default('resource_type:model') }),
  ),
]);
export type Rule = z.infer<typeof Rule>;

export interface PlacedRule {
  readonly rule: Rule;
  readonly at: Location;
}
