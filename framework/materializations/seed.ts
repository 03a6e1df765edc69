import { quoteName } from '../foundation/quote.ts';
import { relationSql } from '../manifest/relation.ts';
import { layoutMistakes } from './layout-mistakes.ts';
import { defineMaterialization } from './materialization.ts';
import { alterEmptyTable, tableClauses } from './table-clauses.ts';

/** A CSV file loaded as a table. */
export const seed = defineMaterialization({
  name: 'seed',
  publishes: 'table',
  check: layoutMistakes,
  plan: ({ stage, config, seedColumns, comment, reason }) => {
    const columns = seedColumns.map(({ name, type }) => `  ${quoteName(name, 'clickhouse')} ${type}`).join(',\n');
    const create = `create table ${relationSql(stage)} (\n${columns}\n)\n${tableClauses(config, comment)}`;
    return {
      mode: 'full',
      reason,
      steps: [
        { kind: 'statement', purpose: 'create the new table', sql: create },
        ...alterEmptyTable(stage, config).map((statement) => ({ kind: 'statement' as const, ...statement })),
        { kind: 'load', purpose: 'load the file', into: stage, columns: seedColumns, delimiter: config.delimiter },
      ],
      scratch: [],
    };
  },
});
