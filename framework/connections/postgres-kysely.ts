import { type DatabaseConnection, type Driver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely';
import type { PostgresQueries } from './postgres.ts';

/** Typed queries that run on `queries`: within a transaction they are part of it, and their errors are those of `queries`. */
export function kyselyOver<Tables>(queries: PostgresQueries): Kysely<Tables> {
  return new Kysely<Tables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => driverOver(queries),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });
}

/** One connection, which is not ours to open or to close. */
function driverOver(queries: PostgresQueries): Driver {
  const connection: DatabaseConnection = {
    executeQuery: async <Row>({ sql, parameters }: { readonly sql: string; readonly parameters: readonly unknown[] }) => ({
      rows: await queries.query<Row>(sql, parameters),
    }),
    streamQuery: () => {
      throw new Error('rows are not streamed by typed queries');
    },
  };
  const run = (sql: string) => async (): Promise<void> => {
    await queries.query(sql);
  };
  return {
    init: async () => {},
    acquireConnection: async () => connection,
    beginTransaction: run('begin'),
    commitTransaction: run('commit'),
    rollbackTransaction: run('rollback'),
    releaseConnection: async () => {},
    destroy: async () => {},
  };
}
