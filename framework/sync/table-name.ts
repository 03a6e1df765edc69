import { createHash } from 'node:crypto';
import { quoteName } from '../foundation/quote.ts';

/** A table in PostgreSQL. */
export interface TableName {
  readonly schema: string;
  readonly table: string;
}

/** The table as SQL names it, quoted. */
export function tableSql({ schema, table }: TableName): string {
  return `${quoteName(schema, 'postgres')}.${quoteName(table, 'postgres')}`;
}

/** The table that is loaded beside `live`. */
export function newTable(live: TableName): TableName {
  return { ...live, table: siblingName(live.table, '_new') };
}

/** Comment of a kept copy: a table of that name without it is somebody else's. */
export const backupMark = 'gccflow keeps this table for a rollback';

/** The copy of `live` before the last publication. */
export function backupTable(live: TableName): TableName {
  return { ...live, table: siblingName(live.table, '_old_bkp') };
}

/** `name` with a suffix. PostgreSQL would cut a name at 63 bytes without a word; a long one is cut here, and told apart by a hash. */
export function siblingName(name: string, suffix: string): string {
  const whole = name + suffix;
  if (Buffer.byteLength(whole) <= 63) return whole;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  const room = 63 - Buffer.byteLength(suffix) - hash.length - 1;
  let head = name;
  while (Buffer.byteLength(head) > room) head = [...head].slice(0, -1).join('');
  return `${head}_${hash}${suffix}`;
}
