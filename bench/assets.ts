import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type AssetServers, measureAssetFlow } from './support/assets-flow.ts';
import { type Figure, figure } from './support/figure.ts';

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    images: { type: 'string', default: '10000' },
    processes: { type: 'string', default: '2' },
  },
  strict: false,
});

/**
 * Images of 100 KB, each another, from a provider to an S3-compatible server on this machine, by one process of the asset flow that has 100
 * under way at once: fetched, sniffed, hashed, compared with what is there, and put. Provider and server share a process beside it.
 * 8 million images a day are 93 a second.
 * `assets.flow` is the whole way of a task, in a worker with `--processes` of 100, two where nothing is said.
 */
export async function measure(): Promise<readonly Figure[]> {
  const servers = fork(join(import.meta.dirname, 'support/assets-servers.ts'));
  try {
    const [{ origin, s3 }] = (await once(servers, 'message')) as [AssetServers];
    const uploader = fork(join(import.meta.dirname, 'support/assets-uploader.ts'), [String(origin), String(s3), String(flags.seconds)]);
    const peak = watchPeak(uploader);
    const [{ done, seconds }] = (await once(uploader, 'message')) as [{ readonly done: number; readonly seconds: number }];
    const megabytes = peak();
    const stored = await storedBy(servers);
    if (stored !== done) throw new Error(`${done} images were uploaded, ${stored} are stored`);
    const flow = await measureAssetFlow({ origin, s3 }, { images: Number(flags.images), processes: Number(flags.processes) });
    return [
      figure('assets.images', done / seconds, 'images/s'),
      figure('assets.memory', megabytes, 'MB'),
      figure('assets.flow', flow, 'images/s'),
    ];
  } finally {
    servers.disconnect();
  }
}

async function storedBy(servers: ChildProcess): Promise<number> {
  servers.send('puts');
  const [{ puts }] = (await once(servers, 'message')) as [{ readonly puts: number }];
  return puts;
}

/** Gives back the most memory that a process had so far, as the kernel counts it. */
function watchPeak({ pid }: ChildProcess): () => number {
  let kilobytes = 0;
  const timer = setInterval(() => {
    kilobytes = Math.max(kilobytes, Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0));
  }, 200);
  return () => {
    clearInterval(timer);
    return (kilobytes * 1024) / 1e6;
  };
}
