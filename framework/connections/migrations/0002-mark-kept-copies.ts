import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Kept copies bear a comment, without which a sync takes them for somebody else's; these are older than that. */
export const markKeptCopies: Migration = {
  up: async (db: Kysely<unknown>) => {
    await sql`
      do $$ declare published record; copy text; begin
        for published in select schema_name, table_name from gccflow.sync_publication where octet_length(table_name) <= 55
                         group by 1, 2 having count(*) > 1 loop
          copy := format('%I.%I', published.schema_name, published.table_name || '_old_bkp');
          if to_regclass(copy) is not null then
            execute format('comment on table %s is %L', copy, 'gccflow keeps this table for a rollback');
          end if;
        end loop;
      end $$`.execute(db);
  },
};
