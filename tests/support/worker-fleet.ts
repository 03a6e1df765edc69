import { setTimeout as sleep } from 'node:timers/promises';
import { type CliRun, startCli } from './cli.ts';
import { childrenOf } from './worker-project.ts';

/** Several `gccflow worker`, each started again when it has ended, as a service manager does. */
export interface Fleet extends AsyncDisposable {
  /** `kill -9` of a worker; false where there was none. */
  killWorker(random: () => number): boolean;
  /** `kill -9` of one of a worker's children, so seldom that they do not rest for crashing; false where there was none. */
  killChild(random: () => number): boolean;
  /** Stops all workers in order; gives back how each that ever ran came out. */
  stop(): Promise<readonly CliRun[]>;
}

/** A worker rests a flow's children for a minute after five crashes. */
const mostChildKills = 3;

interface Seat {
  running: ReturnType<typeof startCli>;
  childKills: number;
}

export function openFleet(size: number, dir: string): Fleet {
  const runs: CliRun[] = [];
  let isOver = false;
  const start = (): Seat => ({ running: startCli(['worker'], { cwd: dir }), childKills: 0 });
  const seats = Array.from({ length: size }, start);
  const keep = async (index: number): Promise<void> => {
    for (;;) {
      const seat = seats[index];
      if (seat === undefined) return;
      runs.push(await seat.running.ended);
      if (isOver) return;
      await sleep(200);
      seats[index] = start();
    }
  };
  const keeping = seats.map((_, index) => keep(index));
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    isOver = true;
    for (const { running } of seats) running.child.kill(signal);
    await Promise.all(keeping);
  };
  const pick = <Value>(values: readonly Value[], random: () => number): Value | undefined => values[Math.floor(random() * values.length)];
  return {
    killWorker: (random) => pick(seats, random)?.running.child.kill('SIGKILL') ?? false,
    killChild: (random) => {
      const seat = pick(seats, random);
      const child = pick(childrenOf(seat?.running.child.pid ?? 0), random);
      if (seat === undefined || child === undefined || seat.childKills >= mostChildKills) return false;
      seat.childKills++;
      return killed(child);
    },
    stop: async () => {
      await end('SIGTERM');
      return runs;
    },
    [Symbol.asyncDispose]: () => end('SIGKILL'),
  };
}

function killed(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false; // it has ended by itself
  }
}
