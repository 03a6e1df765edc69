import { setTimeout as sleep } from 'node:timers/promises';
import { faultOf } from './node-statements.ts';
import type { RetryPolicy } from './run-deps.ts';

export interface RetryOptions {
  readonly policy: RetryPolicy;
  readonly signal: AbortSignal;
  readonly onRetry: (retry: { attempt: number; delayMs: number; thrown: unknown }) => void;
}

/** Tries `work` again after faults that may pass: exponential backoff, half of it at random so that nodes do not come back together. */
export async function withRetries<Result>(work: (attempt: number) => Promise<Result>, options: RetryOptions): Promise<Result> {
  const { policy, signal, onRetry } = options;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work(attempt);
    } catch (thrown) {
      if (attempt >= policy.attempts || signal.aborted || faultOf(thrown)?.retriable !== true) throw thrown;
      const delayMs = policy.delayMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
      onRetry({ attempt: attempt + 1, delayMs, thrown });
      await sleep(delayMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}
