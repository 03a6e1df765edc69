import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const main = resolve(import.meta.dirname, '../../framework/cli/gccflow.mjs');

/** A command that ran to its end. */
export interface Ended {
  readonly seconds: number;
  /** Highest memory, as the kernel counted it, to the last 200 ms. */
  readonly megabytes: number;
}

/** Runs gccflow to its end. */
export function runGccflow(...args: readonly string[]): Promise<Ended> {
  return runScript(main, ...args);
}

/** The same with the memory of the processes that it starts. */
export function runGccflowFamily(...args: readonly string[]): Promise<Ended> {
  return run([main, ...args], ({ pid }) =>
    [pid, ...childrenOf(pid)].reduce<number>((sum, each) => sum + (peakMegabytes({ pid: each }) ?? 0), 0),
  );
}

/** Runs a script of Node to its end; throws with what it said where it fails. */
export function runScript(...args: readonly string[]): Promise<Ended> {
  return run(args, peakMegabytes);
}

async function run(args: readonly string[], peakOf: (child: ChildProcess) => number | null): Promise<Ended> {
  const begin = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  let megabytes = 0;
  const timer = setInterval(() => {
    megabytes = Math.max(megabytes, peakOf(child) ?? 0);
  }, 200);
  const [code] = await once(child, 'close');
  clearInterval(timer);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${said.slice(-2000)}`);
  return { seconds: (performance.now() - begin) / 1000, megabytes };
}

/** A service of gccflow, running until it is disposed of. `ready` says of its output whether it is up. */
export async function startGccflow(args: readonly string[], ready: (said: string) => boolean): Promise<AsyncDisposable> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  await new Promise<void>((up, down) => {
    const hear = (chunk: Buffer): void => {
      said += chunk;
      if (ready(said)) up();
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('close', (code) => down(new Error(`${args.join(' ')} ended with ${code}: ${said.slice(-2000)}`)));
  });
  return {
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, 'close');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function childrenOf(pid: number | undefined): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return []; // it has ended
  }
}

function peakMegabytes({ pid }: { readonly pid?: number | undefined }): number | null {
  try {
    const kilobytes = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? null : (Number(kilobytes) * 1024) / 1e6;
  } catch {
    return null; // it has ended
  }
}
