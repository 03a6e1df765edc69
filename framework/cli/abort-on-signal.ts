/** An abort signal for the whole command, and the signal of the system that set it off. */
export interface SignalAbort extends Disposable {
  readonly signal: AbortSignal;
  /** Null until one came. */
  readonly received: () => NodeJS.Signals | null;
}

/** Aborts on the first SIGINT or SIGTERM. A second one ends the process at once, as the shell expects. */
export function abortOnSignal(): SignalAbort {
  const controller = new AbortController();
  let received: NodeJS.Signals | null = null;
  const abort = (name: NodeJS.Signals): void => {
    stopListening();
    received = name;
    controller.abort(new Error(`stopped by ${name}`));
  };
  const stopListening = (): void => {
    process.off('SIGINT', abort).off('SIGTERM', abort);
  };
  process.on('SIGINT', abort).on('SIGTERM', abort);
  return { signal: controller.signal, received: () => received, [Symbol.dispose]: stopListening };
}
