/** A signal that aborts when another does, or when its time is over. Disposing it forgets the time. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
  /** Whether it was the time that aborted it. */
  readonly isOver: boolean;
}

export function openDeadline(ms: number, signal: AbortSignal): Deadline {
  const controller = new AbortController();
  let isOver = false;
  const abort = (): void => controller.abort(signal.reason);
  // Node fires at once what is to wait for longer than 24 days.
  const timer = setTimeout(
    () => {
      isOver = true;
      controller.abort(new Error('the time is over'));
    },
    Math.min(ms, 2 ** 31 - 1),
  );
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  return {
    signal: controller.signal,
    get isOver() {
      return isOver;
    },
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    },
  };
}
