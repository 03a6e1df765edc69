import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Clock } from '../foundation/clock.ts';
import { GccflowError, messageOf } from '../foundation/error.ts';
import type { Location } from '../foundation/location.ts';
import type { Log } from '../foundation/log.ts';
import type { IngestFile } from '../project/ingest-file.ts';
import type { CheckToken } from './authentication.ts';
import type { Intake } from './intake.ts';
import type { IngestMetrics } from './metrics.ts';
import type { Readiness } from './readiness.ts';

/** What both servers of an ingest need. */
export interface ServerDeps {
  readonly intake: Intake;
  readonly readiness: Readiness;
  readonly metrics: IngestMetrics;
  readonly limits: IngestFile['limits'];
  readonly checkToken: CheckToken;
  readonly tls: Tls | null;
  readonly clock: Clock;
  readonly log: Log;
}

/** A server that takes requests. Disposing it waits for those that are under way; `end` cuts them off. */
export interface RunningServer extends AsyncDisposable {
  /** e.g. `http://127.0.0.1:8019` or `grpc://127.0.0.1:8017`. */
  readonly address: string;
  readonly end: () => void;
}

export interface ListenAddress {
  readonly host: string;
  /** A free one where 0. */
  readonly port: number;
  /** Where it is declared. */
  readonly at: Location;
}

/** A certificate and its key, in PEM. */
export interface Tls {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Throws FILE_UNREADABLE. */
export async function readTls(
  { cert, key }: { readonly cert: string; readonly key: string },
  projectDir: string,
  at: Location,
): Promise<Tls> {
  const read = async (file: string): Promise<Buffer> => {
    try {
      return await readFile(resolve(projectDir, dirname(at.file), file));
    } catch (cause) {
      throw new GccflowError('FILE_UNREADABLE', `The file '${file}' cannot be read: ${messageOf(cause)}.`, { at, cause });
    }
  };
  return { cert: await read(cert), key: await read(key) };
}

export function unusableAddress(protocol: string, { host, port, at }: ListenAddress, cause: unknown): GccflowError {
  const taken = messageOf(cause).includes('EADDRINUSE');
  return new GccflowError(
    'INGEST_ADDRESS',
    `${protocol} cannot be served at ${host}:${port}: ${taken ? 'the port is taken' : messageOf(cause)}.`,
    {
      at,
      cause,
      hint: taken ? 'Another process listens there, perhaps another `gccflow ingest`; stop it or give another port.' : undefined,
    },
  );
}
