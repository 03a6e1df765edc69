import { quoteText } from '../foundation/quote.ts';
import { relationSql } from '../manifest/relation.ts';
import { defineMaterialization } from './materialization.ts';

/** A view, made beside the live one and exchanged with it like a table. */
export const view = defineMaterialization({
  name: 'view',
  publishes: 'view',
  // Keys of stored tables are allowed: a folder's config may hold them for the tables among its models.
  check: (config) =>
    Object.keys(config.query_settings).map((setting) => ({
      code: 'CONFIG_CONFLICT' as const,
      key: 'query_settings',
      message: `'query_settings' (${setting}) is for statements that fill a table, and a view runs none.`,
      hint: `Write 'settings ${setting} = …' at the end of the SELECT.`,
    })),
  plan: ({ stage, sql, comment }) => ({
    mode: 'full',
    reason: 'a view is made anew on every run',
    steps: [
      {
        kind: 'statement',
        purpose: 'create the new view',
        sql: `create view ${relationSql(stage)}\ncomment ${quoteText(comment, 'clickhouse')}\nas\n${sql(false)}`,
      },
    ],
    scratch: [],
  }),
});
