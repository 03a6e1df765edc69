import type { ExitCode } from './exit-code.ts';

/**
 * Ends this process with an exit status, whatever its threads do. `process.exit` and `process.reallyExit` wait for the statement that the
 * embedded engine runs (20 s where it had 20 s to go), `process.abort` ends in a handler of the engine that had not returned after 60 s,
 * and SIGKILL has no status to give. Another program in the place of this one ends every thread: 40 ms.
 */
export function endAtOnce(code: ExitCode): never {
  if (process.execve === undefined) process.exit(code); // Windows, where there is no embedded engine either
  return process.execve(process.execPath, [process.execPath, '--eval', `process.exit(${code})`], {});
}
