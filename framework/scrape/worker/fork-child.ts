import { fork as forkProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FromChild, ToChild } from './child-message.ts';
import { openWarden } from './warden.ts';

/** The supervisor's end of the line to a child process. */
export interface ChildLine {
  readonly pid: number;
  /** Does nothing where the child is gone. */
  readonly send: (message: ToChild) => void;
  /** `kill -9`. */
  readonly kill: () => void;
}

export interface ChildListeners {
  readonly onMessage: (message: FromChild) => void;
  /** The process has ended; `how` says by what, e.g. `exit code 7` or `SIGKILL`, `said` the end of what it wrote to stderr. */
  readonly onGone: (how: string, said: string) => void;
  /** A line that the flow's own code, or Node, wrote. */
  readonly onLine: (line: string) => void;
}

export type ForkChild = (listeners: ChildListeners) => ChildLine;

/** Starts children; disposed when all of them have ended. */
export interface Nursery extends Disposable {
  readonly fork: ForkChild;
}

/** Memory of JavaScript values in a child, MB: a task that leaks ends its own process, not the machine. */
const heapMegabytes = 512;
const keptCharacters = 2000;
/** A line without end is told in parts of at least as many characters. */
const longestLine = 16_000;
/** How long to read on what a process has written that has ended. */
const drainMs = 200;

/** Starts children that run `entry`, a module that hands its side of the line to `runChild`. */
export function openNursery(entry: string): Nursery {
  const warden = openWarden(entry);
  const fork: ForkChild = ({ onMessage, onGone, onLine }) => {
    const child = forkProcess(entry, [], {
      execArgv: [`--max-old-space-size=${heapMegabytes}`],
      serialization: 'json',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const pid = child.pid ?? 0;
    warden.watch(pid);
    let said = '';
    tellLines(child.stdout, onLine);
    tellLines(child.stderr, onLine);
    child.stderr?.on('data', (text: string) => {
      said = (said + text).slice(-keptCharacters);
    });
    child.on('message', (message) => onMessage(message as FromChild));
    child.once('error', (error) => {
      if (child.pid === undefined) onGone(`not started: ${error.message}`, ''); // otherwise told by its end as well
    });
    child.once('exit', (code, signal) => {
      warden.forget(pid);
      const tell = (): void => onGone(signal ?? `exit code ${code}`, said.trim());
      // What it started may keep its pipes open for ever.
      const { promise: closed, resolve } = Promise.withResolvers<void>();
      child.once('close', resolve);
      void Promise.race([closed, sleep(drainMs)]).then(tell);
    });
    return {
      pid,
      send: (message) => {
        if (child.connected) child.send(message, () => {}); // a child that is gone is told by its end
      },
      kill: () => void child.kill('SIGKILL'),
    };
  };
  return { fork, [Symbol.dispose]: () => warden[Symbol.dispose]() };
}

/** Tells whole lines, in whatever pieces they come: a secret is known by all of it. */
function tellLines(stream: Readable | null, onLine: (line: string) => void): void {
  let rest = '';
  stream?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > longestLine) {
      lines.push(rest);
      rest = '';
    }
    for (const line of lines) if (line !== '') onLine(line);
  });
  stream?.once('end', () => {
    if (rest !== '') onLine(rest);
  });
}
