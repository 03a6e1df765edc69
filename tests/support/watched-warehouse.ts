import type { Warehouse } from '../../framework/connections/warehouse.ts';

export interface StatementWatch {
  /** Called before a statement that writes, with its SQL; what it throws is thrown in the statement's place. */
  readonly before?: (sql: string) => void | Promise<void>;
  /** Called after a statement that wrote. */
  readonly after?: (sql: string) => void | Promise<void>;
}

/** A statement as it reached the warehouse. */
export interface RecordedStatement {
  readonly sql: string;
  readonly queryId: string | undefined;
}

/** A warehouse that keeps every statement it is given, those that read too. */
export function recordWarehouse(warehouse: Warehouse): { readonly warehouse: Warehouse; readonly statements: RecordedStatement[] } {
  const statements: RecordedStatement[] = [];
  const recorded: Warehouse = {
    kind: warehouse.kind,
    version: warehouse.version,
    location: warehouse.location,
    query: (sql, options) => {
      statements.push({ sql, queryId: options?.queryId });
      return warehouse.query(sql, options);
    },
    stream: (sql, options) => {
      statements.push({ sql, queryId: options.queryId });
      return warehouse.stream(sql, options);
    },
    execute: (sql, options) => {
      statements.push({ sql, queryId: options?.queryId });
      return warehouse.execute(sql, options);
    },
    insert: (table, body, options) => {
      statements.push({ sql: `insert into ${table}`, queryId: options.queryId });
      return warehouse.insert(table, body, options);
    },
    kill: (queryId) => warehouse.kill(queryId),
    [Symbol.asyncDispose]: async () => {},
  };
  return { warehouse: recorded, statements };
}

/** A warehouse whose writing statements a test can watch, to act between them. */
export function watchWarehouse(warehouse: Warehouse, { before, after }: StatementWatch): Warehouse {
  const watched = async <Result>(sql: string, run: () => Promise<Result>): Promise<Result> => {
    await before?.(sql);
    const result = await run();
    await after?.(sql);
    return result;
  };
  return {
    kind: warehouse.kind,
    version: warehouse.version,
    location: warehouse.location,
    query: (sql, options) => warehouse.query(sql, options),
    stream: (sql, options) => warehouse.stream(sql, options),
    kill: (queryId) => warehouse.kill(queryId),
    execute: (sql, options) => watched(sql, () => warehouse.execute(sql, options)),
    insert: (table, body, options) => watched(`insert into ${table}`, () => warehouse.insert(table, body, options)),
    [Symbol.asyncDispose]: async () => {},
  };
}
