import { z } from 'zod';
import type { GenericTest } from '../../project/builtins.ts';
import { DurationValue } from '../../project/duration-value.ts';

/** Fails with one row, the newest value, where it is older than `max_age` by the warehouse's clock, or where there is none. */
export const freshnessOf: GenericTest = {
  name: 'freshness_of',
  column: 'required',
  arguments: z.strictObject({ max_age: DurationValue.describe('e.g. `4h` or `2d`.') }),
  relations: [],
  sql: `select max({{identifier column_name}})
from {{model}}
having count({{identifier column_name}}) = 0
  or max({{identifier column_name}}) < now64(3) - toIntervalMillisecond({{max_age}})`,
};
