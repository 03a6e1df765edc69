import { quoteName } from '../foundation/quote.ts';

/** A table or view in ClickHouse. */
export interface Relation {
  readonly database: string;
  readonly name: string;
}

/** The relation as SQL names it, quoted. */
export function relationSql({ database, name }: Relation): string {
  return `${quoteName(database, 'clickhouse')}.${quoteName(name, 'clickhouse')}`;
}
