import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import S3rver from 's3rver';
import type { ObjectStore } from '../../framework/connections/objects.ts';
import { openObjects } from '../../framework/connections/open-objects.ts';
import type { ObjectsConfig } from '../../framework/project/target-config.ts';

export interface ScratchObjects extends AsyncDisposable {
  readonly objects: ObjectStore;
  readonly config: ObjectsConfig;
}

/** An empty object store in a folder of its own. */
export async function scratchFolder(): Promise<ScratchObjects> {
  const dir = mkdtempSync(join(tmpdir(), 'gccflow-objects-'));
  const config = { type: 'filesystem', path: dir } as const;
  const objects = await openObjects(config, { projectDir: '/' });
  return { objects, config, [Symbol.asyncDispose]: async () => rmSync(dir, { recursive: true, force: true }) };
}

export type ScratchBucket = ScratchObjects & { readonly config: Extract<ObjectsConfig, { type: 's3' }> };

/** An empty bucket of an S3-compatible server on a free port, with signature v4; it checks signatures unless another secret is given. */
export async function scratchBucket({ secret = 'S3RVER' }: { readonly secret?: string } = {}): Promise<ScratchBucket> {
  await using opening = new AsyncDisposableStack();
  const directory = mkdtempSync(join(tmpdir(), 'gccflow-s3-'));
  opening.defer(() => rmSync(directory, { recursive: true, force: true }));
  const port = await freePort();
  const server = new S3rver({
    port,
    address: '127.0.0.1',
    silent: true,
    directory,
    configureBuckets: [{ name: 'scratch', configs: [] }],
    allowMismatchedSignatures: secret !== 'S3RVER',
  });
  await server.run();
  opening.defer(() => server.close());
  const config = {
    type: 's3',
    bucket: 'scratch',
    prefix: 'exports of ünï/here',
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${port}`,
    access_key_id: 'S3RVER',
    secret_access_key: secret,
  } as const;
  const objects = opening.use(await openObjects(config, { projectDir: '/' }));
  const open = opening.move();
  return { objects, config, [Symbol.asyncDispose]: () => open.disposeAsync() };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
