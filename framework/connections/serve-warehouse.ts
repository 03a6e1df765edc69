import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { GccflowError } from '../foundation/error.ts';
import type { Log } from '../foundation/log.ts';
import { quoteName } from '../foundation/quote.ts';
import type { WarehouseConfig } from '../project/target-config.ts';
import { openEmbedded } from './embedded-warehouse.ts';
import { HttpSessions } from './http-sessions.ts';
import { writeSettings } from './warehouse-client.ts';
import { removeEndpoint, writeEndpoint } from './warehouse-endpoint.ts';
import { WarehouseHttp } from './warehouse-http.ts';

export interface ServeOptions {
  readonly projectDir: string;
  /** Loopback where none is given. */
  readonly host?: string;
  /** A free one where 0 or none is given. */
  readonly port?: number;
  /** Statements at once. */
  readonly sessions?: number;
  readonly log: Log;
  /** Ends the serving when it aborts. */
  readonly signal?: AbortSignal;
}

/** A warehouse that is being served. Disposing it ends running statements, closes the engine and removes the endpoint file. */
export interface Served extends AsyncDisposable {
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** Resolves when serving has ended. */
  readonly closed: Promise<void>;
}

/**
 * Holds an embedded warehouse, makes sure of the target's database, and speaks ClickHouse's HTTP protocol for it. Other commands find it by a file beside the data directory.
 * Throws WAREHOUSE_HELD when another process holds it, WAREHOUSE_UNREACHABLE when the port is taken.
 */
export async function serveWarehouse(config: WarehouseConfig, options: ServeOptions): Promise<Served> {
  if (config.type !== 'embedded') {
    throw new GccflowError('WAREHOUSE_UNSUPPORTED', "Only an embedded warehouse can be served; the target's is a server already.");
  }
  const path = resolve(options.projectDir, config.path);
  await using opening = new AsyncDisposableStack();
  const embedded = opening.use(await openEmbedded({ path, sessions: options.sessions ?? 8, base: writeSettings }));
  embedded.sessions.control.runNow(`create database if not exists ${quoteName(config.database, 'clickhouse')} engine = Atomic`);
  const http = new WarehouseHttp(embedded, {
    credentials: { user: 'default', password: randomBytes(24).toString('base64url') },
    named: opening.use(new HttpSessions(embedded.sessions)),
    log: options.log,
  });
  const server = createServer({ keepAliveTimeout: 30_000 }, (request, response) => void http.answer(request, response));
  opening.defer(() => close(server, http));
  const url = await listen(server, options);
  const { user, password } = http.credentials;
  await writeEndpoint(path, { url, user, password, pid: process.pid });
  opening.defer(() => removeEndpoint(path));
  return served(opening.move(), { url, user, password }, options.signal);
}

function served(open: AsyncDisposableStack, address: Pick<Served, 'url' | 'user' | 'password'>, signal: AbortSignal | undefined): Served {
  const { promise: closed, resolve: ended } = Promise.withResolvers<void>();
  const stop = async (): Promise<void> => {
    signal?.removeEventListener('abort', stop);
    await open.disposeAsync();
    ended();
  };
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted) void stop();
  return { ...address, closed, [Symbol.asyncDispose]: stop };
}

async function listen(server: Server, { host = '127.0.0.1', port = 0 }: ServeOptions): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new GccflowError(
          'WAREHOUSE_UNREACHABLE',
          `The warehouse cannot be served at ${host}:${port}: ${cause.code ?? 'the address does not open'}.`,
          {
            cause,
            hint: 'Give another port, or none for a free one.',
          },
        ),
      ),
    );
    server.listen(port, host, resolve);
  });
  const { address, port: taken, family } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}`;
}

async function close(server: Server, http: WarehouseHttp): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  await http.stop();
  server.closeAllConnections();
  await closed;
}
