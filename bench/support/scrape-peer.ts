import { parseArgs } from 'node:util';

/**
 * A worker process of another tool, for `bench/scrape.ts`: runs tasks that do nothing until it is killed, and sends `ready` when it is. Each
 * with the batching that its documentation recommends for the highest rate.
 */
const { positionals } = parseArgs({ allowPositionals: true });
const [tool = '', connectionString = '', concurrency = '24'] = positionals;

if (tool === 'graphile-worker') await runGraphile();
else await runPgBoss();
process.send?.('ready');

/** As in its own performance test: a local queue of 500 jobs, and completions that are written together. */
async function runGraphile(): Promise<void> {
  const { run } = await import('graphile-worker');
  await run({
    connectionString,
    preset: {
      worker: {
        concurrentJobs: Number(concurrency),
        maxPoolSize: Number(concurrency) + 2,
        localQueue: { size: 500 },
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
      },
    },
    taskList: { trivial: () => {} },
  });
}

/** Batches that are fetched without a pause while they come full, and woken by notifications otherwise. */
async function runPgBoss(): Promise<void> {
  const { PgBoss } = await import('pg-boss');
  const boss = new PgBoss({ connectionString, max: 10, useListenNotify: true, supervise: false, schedule: false });
  boss.on('error', (thrown) => process.stderr.write(`${String(thrown)}\n`));
  await boss.start();
  await boss.work(
    'trivial',
    { batchSize: 100, localConcurrency: 4, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5 },
    async () => {},
  );
}
