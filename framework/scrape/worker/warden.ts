import { spawn } from 'node:child_process';

/** Sees to it that no process outlives this one. */
export interface Warden extends Disposable {
  readonly watch: (pid: number) => void;
  readonly forget: (pid: number) => void;
}

/** Longer than processes take that end by themselves when their supervisor is gone. */
const patienceSeconds = 5;

/**
 * A shell that reads which processes there are, and kills those that are left some time after its input has ended. A process whose event loop
 * is blocked does not notice that its supervisor was killed, and would run for ever. $1 is what its command line holds: the number of a
 * process that has ended may be another's by then.
 */
const script = `
  trap '' INT TERM HUP
  pids=' '
  while read -r what pid; do
    case $what in
      watch) pids="$pids$pid " ;;
      forget) case $pids in *" $pid "*) pids="\${pids%%" $pid "*} \${pids#*" $pid "}" ;; esac ;;
      end) exit 0 ;;
    esac
  done
  sleep ${patienceSeconds}
  for pid in $pids; do
    args=$(tr '\\0' ' ' 2>/dev/null < /proc/$pid/cmdline || ps -o args= -p $pid)
    case $args in *"$1"*) kill -9 $pid ;; esac
  done`;

/** Starts a warden of processes that run `entry`: a shell of 1 MB, in a session of its own, which a signal to this process's group spares. */
export function openWarden(entry: string): Warden {
  const shell = spawn('sh', ['-c', script, 'gccflow-warden', entry], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  shell.on('error', () => {}); // where there is no shell, only children that are blocked outlive a supervisor that is killed
  shell.stdin.on('error', () => {});
  shell.unref();
  const tell = (line: string): void => void shell.stdin.write(`${line}\n`);
  return {
    watch: (pid) => tell(`watch ${pid}`),
    forget: (pid) => tell(`forget ${pid}`),
    [Symbol.dispose]: () => shell.stdin.end('end\n'),
  };
}
