import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Who holds a lease: enough to tell, on the same machine, whether the process is still there. */
export interface ProcessIdentity {
  readonly host: string;
  readonly pid: number;
  /** Of this start of the machine and this container; null where the system does not tell. */
  readonly boot: string | null;
  /** When the process began, in ticks since the machine's start: tells it from a later one of the same number. */
  readonly startTicks: string | null;
}

export function thisProcess(): ProcessIdentity {
  return { host: hostname(), pid: process.pid, boot: bootId(), startTicks: startTicks(process.pid) };
}

/** Whether a process still runs; null where it cannot be known from here. */
export function isRunning(identity: ProcessIdentity): boolean | null {
  if (identity.host !== hostname() || identity.boot === null || identity.boot !== bootId()) return null;
  return startTicks(identity.pid) === identity.startTicks;
}

function bootId(): string | null {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return null;
  }
}

/** Field 22 of /proc/PID/stat; the command, in parentheses before it, may hold spaces. A zombie has ended. */
function startTicks(pid: number): string | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\)\s/s, '')
      .split(' ');
    return fields[0] === 'Z' ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}
