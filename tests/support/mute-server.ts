import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** A server that accepts connections and never answers: what waits for it heeds no KILL QUERY. */
export interface MuteServer extends AsyncDisposable {
  readonly port: number;
  /** Resolves when somebody has connected. */
  readonly reached: Promise<void>;
}

export async function muteServer(): Promise<MuteServer> {
  const sockets = new Set<Socket>();
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    reach();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    reached,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
