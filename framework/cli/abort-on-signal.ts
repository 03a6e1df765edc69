/** An abort signal for the whole command, and the signal of the system that set it off. */
export interface SignalAbort extends Disposable {
  readonly signal: AbortSignal;
  /** Null until one came. */
  readonly received: () => NodeJS.Signals | null;
  /** Aborts as a signal would, for another reason. */
  readonly abort: (reason: Error) => void;
}

/** Aborts on the first SIGINT or SIGTERM. A second one ends the process at once, as the shell expects. */
export function abortOnSignal(): SignalAbort {
  const controller = new AbortController();
  let received: NodeJS.Signals | null = null;
  const receive = (name: NodeJS.Signals): void => {
    received = name;
    abort(new Error(`stopped by ${name}`));
  };
  const abort = (reason: Error): void => {
    stopListening();
    controller.abort(reason);
  };
  const stopListening = (): void => {
    process.off('SIGINT', receive).off('SIGTERM', receive);
  };
  process.on('SIGINT', receive).on('SIGTERM', receive);
  return { signal: controller.signal, received: () => received, abort, [Symbol.dispose]: stopListening };
}
