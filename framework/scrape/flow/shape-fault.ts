import { TaskFault } from '../task-fault.ts';

/** An answer that does not have the shape that the flow declares: tried again, as a provider may have stumbled, and counted by its code. Names paths, never values. */
export function shapeFault(message: string, place: string, cause?: unknown): TaskFault {
  return new TaskFault('failed', 'PARSE_SHAPE', `${message}.`, { place, cause });
}
