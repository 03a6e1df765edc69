import assert from 'node:assert/strict';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

/** Asks again and again until `condition` holds; fails with `otherwise`, or with its source, when it does not within `withinMs`. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  otherwise: string | (() => string) = () => `it does not come to that: ${condition}`,
  withinMs = 20_000,
): Promise<void> {
  for (const deadline = performance.now() + withinMs; !(await condition()); await sleep(10)) {
    if (performance.now() > deadline) assert.fail(typeof otherwise === 'string' ? otherwise : otherwise());
  }
}

/** As `until`, but asks in every turn of the event loop: for what may be over a few milliseconds later. */
export async function untilAtOnce(condition: () => boolean, otherwise: string, withinMs = 20_000): Promise<void> {
  for (const deadline = performance.now() + withinMs; !condition(); await nextTurn()) {
    if (performance.now() > deadline) assert.fail(otherwise);
  }
}
