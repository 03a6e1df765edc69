/**
 * A signal for what a service opens: the command's own until `keep` is called. From then on it never aborts, as a connection that is lost
 * after the command was told to stop has to come back until what is held is settled.
 */
export interface OpeningSignal extends Disposable {
  readonly signal: AbortSignal;
  readonly keep: () => void;
}

export function openingSignal(signal: AbortSignal): OpeningSignal {
  const controller = new AbortController();
  const abort = (): void => controller.abort(signal.reason);
  const keep = (): void => signal.removeEventListener('abort', abort);
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  return { signal: controller.signal, keep, [Symbol.dispose]: keep };
}
