import { z } from 'zod';
import type { GenericTest } from '../../project/builtins.ts';

/** Fails for each row for which the SQL condition does not hold. One that is NULL is not false and passes, as in an SQL check constraint. */
export const expression: GenericTest = {
  name: 'expression',
  column: 'optional',
  arguments: z.strictObject({ expression: z.string().min(1) }),
  relations: [],
  sql: `select * from {{model}} where not (
  {{expression}}
)`,
};
