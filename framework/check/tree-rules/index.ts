import type { TreeRuleName } from '../../project/rule.ts';
import { implicitVariant } from './implicit-variant.ts';
import { joinWithoutKeys } from './join-without-keys.ts';
import { selectStar } from './select-star.ts';
import type { TreeRule } from './tree-rule.ts';
import { unusedCte } from './unused-cte.ts';

/** Rules that a model's own SQL decides. `unfiltered_order_by` looks at its readers instead. */
export const treeRules: Readonly<Record<Exclude<TreeRuleName, 'unfiltered_order_by'>, TreeRule>> = {
  select_star: selectStar,
  unused_cte: unusedCte,
  implicit_variant: implicitVariant,
  join_without_keys: joinWithoutKeys,
};
