import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What becomes of a connection once a chunk has come: it goes on, is reset, or stays open and passes nothing any more. */
export type Fault = 'pass' | 'cut' | 'hole';

/** A chunk on its way, and the bytes of its connection in its direction so far, this chunk included. */
export interface Passing {
  readonly direction: 'request' | 'answer';
  readonly chunk: Buffer;
  readonly bytes: number;
}

export interface FaultProxy extends AsyncDisposable {
  readonly port: number;
  /** Decides on every chunk from now on. */
  fault(decide: (passing: Passing) => Fault): void;
  /** Passes everything again. */
  heal(): void;
}

/** Stands between a client and a server of this machine, and breaks their connections when it is told to. */
export async function faultProxy(targetPort: number): Promise<FaultProxy> {
  let decide: (passing: Passing) => Fault = () => 'pass';
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const target = connect(targetPort, '127.0.0.1');
    const link: Link = { ends: [client, target], isHole: false, decide: (passing) => decide(passing) };
    for (const socket of link.ends) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    }
    pass(link, client, target, 'request');
    pass(link, target, client, 'answer');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    fault: (next) => {
      decide = next;
    },
    heal: () => {
      decide = () => 'pass';
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Link {
  readonly ends: readonly [Socket, Socket];
  isHole: boolean;
  readonly decide: (passing: Passing) => Fault;
}

function pass(link: Link, from: Socket, to: Socket, direction: Passing['direction']): void {
  let bytes = 0;
  from.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    const fault = link.isHole ? 'hole' : link.decide({ direction, chunk, bytes });
    if (fault === 'hole') link.isHole = true;
    else if (fault === 'cut') for (const end of link.ends) end.resetAndDestroy();
    else if (!to.write(chunk)) {
      from.pause();
      to.once('drain', () => from.resume());
    }
  });
  from.once('end', () => to.end());
  from.once('error', () => to.destroy());
  from.once('close', () => to.destroy());
}
