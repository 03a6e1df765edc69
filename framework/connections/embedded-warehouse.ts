import { type ClientConnection, embeddedConnection } from './embedded-connection.ts';
import { openEngine } from './embedded-engine.ts';
import { EmbeddedQueries } from './embedded-queries.ts';
import { EmbeddedSessions } from './embedded-sessions.ts';
import { openSpool } from './embedded-spool.ts';
import { baseSettings } from './warehouse-client.ts';

export interface EmbeddedWarehouse extends AsyncDisposable {
  readonly queries: EmbeddedQueries;
  readonly sessions: EmbeddedSessions;
  /** Closing it closes the engine. */
  readonly connection: ClientConnection;
}

/** Opens the engine in this process on an absolute path. */
export async function openEmbedded({ path, sessions: size }: { path: string; sessions: number }): Promise<EmbeddedWarehouse> {
  await using opening = new AsyncDisposableStack();
  const engine = await openEngine(path);
  const sessions = new EmbeddedSessions(engine, { size, base: baseSettings });
  opening.defer(() => sessions.close());
  const spool = opening.use(await openSpool(`${path}.spool`));
  const queries = new EmbeddedQueries(sessions, spool);
  const open = opening.move();
  return {
    queries,
    sessions,
    connection: embeddedConnection(queries, () => open.disposeAsync()),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}
