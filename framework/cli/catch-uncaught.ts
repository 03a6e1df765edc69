/**
 * Resolves with the first thing that is thrown or rejected where nobody catches it, in place of Node's own report, which masks no
 * secrets. Listens for the rest of the process: a failure that repeats itself while the process ends is not reported again.
 */
export function catchUncaught(): Promise<unknown> {
  return new Promise((resolve) => process.on('uncaughtException', resolve)); // an unhandled rejection comes this way too
}
