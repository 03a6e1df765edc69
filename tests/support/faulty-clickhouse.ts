import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * What becomes of one insert.
 * `cut`: the connection breaks before ClickHouse has heard of it. `lose`: it is stored, and the answer never comes.
 * `break off`: it is stored, and the answer ends within its head and body. `hang`: nothing happens for `ms`, then the connection breaks.
 */
export type InsertFault =
  | 'pass'
  | 'cut'
  | 'lose'
  | 'break off'
  | { readonly hang: number }
  | { readonly status: number; readonly code?: number; readonly text: string };

export interface FaultyClickHouse extends AsyncDisposable {
  readonly url: string;
  /** Inserts that have come. */
  readonly inserts: number;
  /** Decides on every insert from now on; everything else passes. */
  fault(decide: (insert: number) => InsertFault | Promise<InsertFault>): void;
  /** Stops listening and breaks what is open, as the death of the server does. */
  kill(): Promise<void>;
  /** Listens again on the same port. */
  restart(): Promise<void>;
}

/** Stands before a ClickHouse of this machine and breaks inserts in every way that HTTP has. */
export async function faultyClickHouse(target: string): Promise<FaultyClickHouse> {
  let inserts = 0;
  let decide: (insert: number) => InsertFault | Promise<InsertFault> = () => 'pass';
  const { hostname, port, username, password } = new URL(target);
  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await buffer(incoming);
    const isInsert = incoming.url?.includes('gccflow-sink-') === true;
    const fault = isInsert ? await decide(++inserts) : 'pass';
    if (fault === 'cut') incoming.socket.destroy();
    else if (fault === 'pass' || fault === 'lose' || fault === 'break off') await forward(incoming, body, response, fault);
    else if ('hang' in fault) {
      await pause(fault.hang, undefined, { ref: false });
      incoming.socket.destroy();
    } else {
      const code = fault.code === undefined ? {} : { 'X-ClickHouse-Exception-Code': String(fault.code) };
      response.writeHead(fault.status, { ...code, 'Content-Type': 'text/plain' }).end(fault.text);
    }
  };
  const forward = async (incoming: IncomingMessage, body: Buffer, response: ServerResponse, fault: InsertFault): Promise<void> => {
    const { method, url, headers } = incoming;
    const onward = request({ hostname, port, method, path: url, headers: { ...headers, host: `${hostname}:${port}` } });
    onward.end(body);
    const [answered] = (await once(onward, 'response')) as [IncomingMessage];
    const text = await buffer(answered);
    if (fault === 'lose') incoming.socket.destroy();
    else if (fault === 'break off') {
      incoming.socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nhalf of it');
      incoming.socket.destroySoon();
    } else response.writeHead(answered.statusCode ?? 500, answered.headers).end(text);
  };
  const server = createServer((incoming, response) => void answer(incoming, response).catch(() => incoming.socket.destroy()));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port: own } = server.address() as AddressInfo;
  const kill = async (): Promise<void> => {
    server.closeAllConnections();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  return {
    url: `http://${username}:${password}@127.0.0.1:${own}`,
    get inserts() {
      return inserts;
    },
    fault: (next) => {
      decide = next;
    },
    kill,
    restart: async () => void (await once(server.listen(own, '127.0.0.1'), 'listening')),
    [Symbol.asyncDispose]: kill,
  };
}
