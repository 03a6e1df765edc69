import { z } from 'zod';
import type { GenericTest } from '../../project/builtins.ts';

/** Fails for each row whose value is no value of `field` in `to`; NULL refers to nothing and passes. */
export const relationships: GenericTest = {
  name: 'relationships',
  column: 'required',
  arguments: z.strictObject({
    to: z.string().describe('A model, seed or source: `dim`, `beat.profile`, `{{ref "dim"}}`.'),
    field: z.string(),
  }),
  relations: ['to'],
  // `not in` needs no join and so neither join_use_nulls nor defaults in place of what is missing; a NULL in the set would be skipped anyway.
  sql: `select *
from {{model}} as child
where {{identifier column_name}} is not null
  and {{identifier column_name}} not in (select {{identifier field}} from {{to}} as parent where {{identifier field}} is not null)`,
};
