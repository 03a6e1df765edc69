import type { FoundTask } from '../scrape/queue/find-tasks.ts';

/** A task as `--json` prints it: the columns of `gccflow.scrape_request`, but for those that only the queue itself understands. */
export function toTaskJson({ ready: _ready, ...task }: FoundTask) {
  return task;
}
