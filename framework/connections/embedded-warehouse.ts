import { mkdir } from 'node:fs/promises';
import { type ClientConnection, embeddedConnection } from './embedded-connection.ts';
import { openEngine } from './embedded-engine.ts';
import { openingFailure, refuseIfHeld } from './embedded-holder.ts';
import { EmbeddedQueries } from './embedded-queries.ts';
import { removeHalfDatabases } from './embedded-repair.ts';
import { EmbeddedSessions } from './embedded-sessions.ts';
import { openSpool } from './embedded-spool.ts';
import type { WarehouseSettings } from './warehouse.ts';
import { baseSettings } from './warehouse-client.ts';

export interface EmbeddedWarehouse extends AsyncDisposable {
  readonly queries: EmbeddedQueries;
  readonly sessions: EmbeddedSessions;
  /** Closing it closes the engine. */
  readonly connection: ClientConnection;
}

export interface EmbeddedOptions {
  readonly path: string;
  readonly sessions: number;
  /** Settings of every statement that brings none of its own. */
  readonly base?: WarehouseSettings;
}

/** Opens the engine in this process on an absolute path. Throws WAREHOUSE_HELD, WAREHOUSE_UNREACHABLE and DEPENDENCY_MISSING. */
export async function openEmbedded({ path, sessions: size, base = baseSettings }: EmbeddedOptions): Promise<EmbeddedWarehouse> {
  await using opening = new AsyncDisposableStack();
  const sessions = await openSessions(path, size, base);
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

async function openSessions(path: string, size: number, base: WarehouseSettings): Promise<EmbeddedSessions> {
  try {
    await mkdir(path, { recursive: true });
    await refuseIfHeld(path);
    return new EmbeddedSessions(await openEngine(path), { size, base });
  } catch (error) {
    const failure = await openingFailure(path, error);
    if (failure.code !== 'WAREHOUSE_UNREACHABLE' || !(await removeHalfDatabases(path))) throw failure;
    return new EmbeddedSessions(await openEngine(path), { size, base });
  }
}
