import { z } from 'zod';
import type { GenericTest } from '../../project/builtins.ts';

const Values = z.array(z.union([z.string(), z.number(), z.boolean(), z.null()])).min(1);

/** Fails for each value outside the list; NULL is no value. With `quote: false` the list holds SQL expressions. */
export const acceptedValues: GenericTest = {
  name: 'accepted_values',
  column: 'required',
  arguments: z.strictObject({
    values: Values.transform((values) => values.filter((value) => value !== null).map(String)),
    quote: z.boolean().default(true),
  }),
  relations: [],
  sql: `select {{identifier column_name}}, count()
from {{model}}
where {{identifier column_name}} is not null
  and {{identifier column_name}} not in ({{#if quote}}{{literal values}}{{else}}{{#each values}}{{this}}{{#unless @last}}, {{/unless}}{{/each}}{{/if}})
group by {{identifier column_name}}`,
};
