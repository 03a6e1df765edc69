import { once } from 'node:events';
import { createServer } from 'node:http';
import { GccflowError, messageOf } from '../foundation/error.ts';

export interface Metrics {
  readonly contentType: string;
  readonly print: () => Promise<string>;
}

export interface MetricsServer extends AsyncDisposable {
  /** e.g. `http://127.0.0.1:9464/metrics`. */
  readonly address: string;
}

/** Serves metrics on the loopback; at port 0 on a free one. Throws USAGE where it cannot listen there. */
export async function serveMetrics(port: number, metrics: Metrics): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    const isThere = request.method === 'GET' && request.url === '/metrics';
    if (!isThere) response.writeHead(404).end();
    else
      metrics.print().then(
        (text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text),
        () => response.writeHead(500).end(),
      );
  });
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new GccflowError('USAGE', `'--metrics-port' ${port} cannot be listened on: ${messageOf(cause)}.`, {
      cause,
      hint: 'Choose another.',
    });
  }
  const bound = server.address();
  return {
    address: `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : port}/metrics`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
