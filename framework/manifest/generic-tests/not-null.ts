import { z } from 'zod';
import type { GenericTest } from '../../project/builtins.ts';

/** Fails for each row without a value. */
export const notNull: GenericTest = {
  name: 'not_null',
  column: 'required',
  arguments: z.strictObject({}),
  relations: [],
  sql: 'select * from {{model}} where {{identifier column_name}} is null',
};
