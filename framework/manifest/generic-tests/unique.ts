import { z } from 'zod';
import type { GenericTest } from '../../project/builtins.ts';

const names = (separator: string, suffix = ''): string =>
  `{{#if columns}}{{#each columns}}{{identifier this}}${suffix}{{#unless @last}}${separator}{{/unless}}{{/each}}` +
  `{{else}}{{identifier column_name}}${suffix}{{/if}}`;

/**
 * Fails for each value, or combination of `columns`, that more than one row has. Rows with a NULL among them do not count, as in an SQL
 * unique constraint.
 */
export const unique: GenericTest = {
  name: 'unique',
  column: 'optional',
  columnOr: 'columns',
  arguments: z.strictObject({ columns: z.array(z.string()).min(1).nullable().default(null) }),
  relations: [],
  sql: `select ${names(', ')}, count()
from {{model}}
where ${names(' and ', ' is not null')}
group by ${names(', ')}
having count() > 1`,
};
