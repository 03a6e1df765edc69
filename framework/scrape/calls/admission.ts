import { type LimitLine, LimitWait } from '../limits/limiter.ts';
import { TaskFault } from '../task-fault.ts';
import type { ApiCall } from './api-calls.ts';
import type { Choice } from './choices.ts';
import { openDeadline } from './deadline.ts';
import { type HeldPlaces, holdPlaces } from './hold-places.ts';

/** A choice that may be sent at once, with its place. */
export interface Admitted extends Disposable {
  readonly choice: Choice;
}

/** How long a task waits where all places at its APIs are taken. */
const busyMs = 1000;

/**
 * Takes a place and the limits of one choice, waiting `maxWaitMs` at most. Null where all APIs have closed meanwhile. Throws `TaskFault`,
 * `returned`, and rejects with the signal's reason.
 */
export async function admit(
  { levels, maxWaitMs }: Pick<ApiCall, 'levels' | 'maxWaitMs'>,
  open: readonly Choice[],
  { line, signal }: { readonly line: LimitLine; readonly signal: AbortSignal },
): Promise<Admitted | null> {
  const since = performance.now();
  using stack = new DisposableStack();
  const places = stack.use(await takePlaces(open, maxWaitMs, signal));
  const choices = open.filter(({ gate }) => places.has(gate));
  if (choices.length === 0) return null;
  const leftMs = Math.max(0, maxWaitMs - (performance.now() - since));
  const request = { levels, choices: choices.map((choice) => choice.levels) };
  const choice = choices[await passLine(line, request, { maxWaitMs: leftMs, signal })];
  if (choice === undefined) throw new Error('the limiter took a choice that it was not given');
  places.keep(choice.gate);
  stack.move();
  return { choice, [Symbol.dispose]: () => places[Symbol.dispose]() };
}

async function takePlaces(open: readonly Choice[], maxWaitMs: number, signal: AbortSignal): Promise<HeldPlaces> {
  using deadline = openDeadline(maxWaitMs, signal);
  try {
    return await holdPlaces([...new Set(open.map(({ gate }) => gate))], deadline.signal);
  } catch (thrown) {
    if (!deadline.isOver) throw thrown;
    const names = [...new Set(open.map(({ node }) => `'${node.name}'`))].join(', ');
    throw new TaskFault('returned', 'API_BUSY', `all places at ${names} are taken`, { waitMs: busyMs });
  }
}

async function passLine(line: LimitLine, ...arguments_: Parameters<LimitLine['pass']>): Promise<number> {
  try {
    return await line.pass(...arguments_);
  } catch (thrown) {
    if (!(thrown instanceof LimitWait)) throw thrown;
    const code = thrown.key === null ? 'LIMITER_AWAY' : 'LIMIT_REACHED';
    throw new TaskFault('returned', code, thrown.message, { waitMs: thrown.waitMs });
  }
}
