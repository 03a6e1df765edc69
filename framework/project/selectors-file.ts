import { z } from 'zod';

export const IndirectSelection = z.enum(['eager', 'cautious', 'buildable', 'empty']);
/** Which tests come with the nodes they test: those with any parent selected, with all, with all selected or above them, none. */
export type IndirectSelection = z.infer<typeof IndirectSelection>;

const Depth = z.int().nonnegative().optional();
const Value = z.union([z.string(), z.number(), z.boolean()]);

/** A selection as selectors.yaml states it, in dbt's shape. */
export type SelectorDefinition =
  | string
  | { readonly union: readonly SelectorDefinition[] }
  | { readonly intersection: readonly SelectorDefinition[] }
  | { readonly exclude: readonly SelectorDefinition[] }
  | MethodDefinition
  | ShortDefinition;

/** One method with its value and graph operators. */
export interface MethodDefinition {
  readonly method: string;
  readonly value: string | number | boolean;
  readonly parents?: boolean | undefined;
  readonly parents_depth?: number | undefined;
  readonly children?: boolean | undefined;
  readonly children_depth?: number | undefined;
  readonly childrens_parents?: boolean | undefined;
  readonly indirect_selection?: IndirectSelection | undefined;
  readonly exclude?: readonly SelectorDefinition[] | undefined;
}

/** `{ tag: nightly }`, short for `{ method: tag, value: nightly }`. */
export type ShortDefinition = Readonly<Record<string, string | number | boolean>>;

const Definitions = z.lazy(() => z.array(SelectorDefinition));

const MethodDefinition = z.strictObject({
  method: z.string().describe('A selector method, e.g. `tag` or `config.materialized`; `selector` takes over another selector.'),
  value: Value,
  parents: z.boolean().optional(),
  parents_depth: Depth.describe('How many steps up; all where absent.'),
  children: z.boolean().optional(),
  children_depth: Depth.describe('How many steps down; all where absent.'),
  childrens_parents: z.boolean().optional().describe('`@`: the descendants and all that they are built from.'),
  indirect_selection: IndirectSelection.optional(),
  exclude: Definitions.optional(),
});

export const SelectorDefinition: z.ZodType<SelectorDefinition> = z.union([
  z.string(),
  z.strictObject({ union: Definitions }),
  z.strictObject({ intersection: Definitions }),
  z.strictObject({ exclude: Definitions }),
  MethodDefinition,
  z.record(z.string().regex(/^(?!union$|intersection$|exclude$|method$|value$)/), Value),
]);

export const NamedSelector = z.strictObject({
  name: z.string(),
  description: z.string().default(''),
  default: z.boolean().default(false).describe('Used where neither --select, --exclude nor --selector is given.'),
  definition: SelectorDefinition,
});
export type NamedSelector = z.infer<typeof NamedSelector>;

/** selectors.yaml (or dbt's selectors.yml): selections by name, for `--selector NAME` and `--select selector:NAME`. */
export const SelectorsFile = z.strictObject({
  version: z.literal(2).optional(),
  selectors: z.array(NamedSelector),
});
export type SelectorsFile = z.infer<typeof SelectorsFile>;
