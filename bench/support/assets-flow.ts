import { setTimeout as sleep } from 'node:timers/promises';
import { openPostgres } from '../../framework/connections/open-postgres.ts';
import type { Log } from '../../framework/foundation/log.ts';
import { openTaskQueue } from '../../framework/scrape/queue/open-task-queue.ts';
import type { NewTask } from '../../framework/scrape/queue/task.ts';
import { assetFlow } from '../../tests/support/asset-flow.ts';
import { freshDatabase, startWorker, trivialTask } from './scrape-queues.ts';

const log: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };

export interface AssetServers {
  /** Ports of the provider and of the store. */
  readonly origin: number;
  readonly s3: number;
}

/** How many images, by how many processes of 100 at once. */
export interface AssetLoad {
  readonly images: number;
  readonly processes: number;
}

/** Images a second all the way of `gccflow worker`: leased, fetched, stored, upserted, ended. The start of the processes is not counted. */
export async function measureAssetFlow({ origin, s3 }: AssetServers, { images, processes }: AssetLoad): Promise<number> {
  await using fresh = await freshDatabase();
  const { url, db } = fresh;
  await using postgres = await openPostgres({ type: 'postgres', url }, { projectDir: '.', maxConnections: 2, log });
  await using queue = await openTaskQueue(postgres);
  const store = `{ type: s3, bucket: assets, endpoint: 'http://127.0.0.1:${s3}', access_key_id: bench, secret_access_key: bench }`;
  const target = `assets: { store: ${store}, public_url: 'https://cdn.example.com', allow_private: true }`;
  await using _worker = await startWorker(url, { 'asset.yaml': assetFlow(processes) }, target);
  const began = performance.now();
  await queue.enqueueStream(tasks(origin, images));
  const isDone = async (): Promise<boolean> => {
    const { rows } = await db.query<{ open: boolean }>('select exists (select from gccflow.scrape_request_log) as open');
    return rows[0]?.open === false;
  };
  while (!(await isDone())) await sleep(20);
  const seconds = (performance.now() - began) / 1000;
  const { rows } = await db.query<{ count: string }>('select count(*) from public.asset');
  if (Number(rows[0]?.count) !== images) throw new Error(`${rows[0]?.count} of ${images} images have a row`);
  return images / seconds;
}

async function* tasks(origin: number, images: number): AsyncGenerator<NewTask> {
  for (let n = 0; n < images; n++) {
    const key = { entity_id: `flow${n}`, entity_type: 'post', platform: 'INSTAGRAM' };
    const params = { ...key, asset_url: `http://127.0.0.1:${origin}/flow${n}.jpg` };
    yield { ...trivialTask('asset_upload_bulk', n), params, uniqueKey: JSON.stringify(key) };
  }
}
