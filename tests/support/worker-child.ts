import { setTimeout as sleep } from 'node:timers/promises';
import { openSupervisorLine } from '../../framework/cli/supervisor-line.ts';
import type { LeasedTask } from '../../framework/scrape/queue/task.ts';
import { runChild } from '../../framework/scrape/worker/run-child.ts';
import type { Outcome, RunTask } from '../../framework/scrape/worker/run-task.ts';

/** A child process of a worker whose tasks do what their params say. */
const leaked: unknown[] = [];

const doings: Readonly<Record<string, (signal: AbortSignal, ms: number) => unknown>> = {
  nothing: () => {},
  throw: () => {
    throw new Error('thrown by the handler');
  },
  'throw later': () => {
    setTimeout(() => {
      throw new Error('thrown where nobody catches it');
    });
    return new Promise(() => {});
  },
  'never end': () => new Promise(() => {}),
  exit: () => process.exit(7),
  leak: () => {
    for (;;) leaked.push(new Array(5_000_000).fill(leaked.length));
  },
  block: () => {
    for (;;);
  },
  wait: (_signal, ms) => sleep(ms),
  'write in pieces': async () => {
    process.stdout.write('one l');
    await sleep(20);
    process.stdout.write('ine\nand another');
  },
  heed: (signal) => sleep(600_000, undefined, { signal }).catch(() => {}),
};

const run: RunTask = async ({ params }: LeasedTask, signal): Promise<Outcome> => {
  const { does = 'nothing', ms = 0 } = params as { readonly does?: string; readonly ms?: number };
  await doings[does]?.(signal, ms);
  return signal.aborted ? { kind: 'returned', reason: 'the signal was heeded', waitMs: 0 } : { kind: 'complete' };
};

await runChild(openSupervisorLine(), async ({ runs }) => {
  if (runs.includes('broken')) throw new Error('the module does not load');
  return { tasks: new Map(runs.map((flow) => [flow, run])), async [Symbol.asyncDispose]() {} };
});
process.exit(0);
