import { didYouMean } from '../../foundation/closest.ts';
import type { EnqueueStep } from '../../project/flow-file.ts';
import { checkParams } from '../flow/check-params.ts';
import type { FlowDeps } from '../flow/flow-deps.ts';
import { newTask, type TaskOverrides } from '../flow/new-task.ts';
import type { NewTask } from '../queue/task.ts';
import { TaskFault } from '../task-fault.ts';
import { readJson } from './json-template.ts';
import { chooseScopes, type Value } from './scope.ts';
import type { WriteStep } from './step.ts';

/** Queues a task for each record, or one for the answer. */
export function openEnqueue(step: EnqueueStep, when: Value | null, file: string, { allFlows }: Pick<FlowDeps, 'allFlows'>): WriteStep {
  const paramsOf = readJson(step.params, file);
  const overrides = { priority: step.priority, runAt: step.delay === null ? null : { inMs: step.delay } };
  return {
    phase: 'write',
    async plan(records, attempt, writes) {
      for (const scope of await chooseScopes(step.once ? [undefined] : records, when, attempt)) {
        writes.tasks.push(checkedTask(allFlows, step.flow, await paramsOf(scope), file, overrides));
      }
    },
  };
}

/** A task of a flow, its params checked. Throws TaskFault. */
export function checkedTask(
  allFlows: FlowDeps['allFlows'],
  name: string,
  params: unknown,
  place: string | null,
  overrides: TaskOverrides = {},
): NewTask {
  const target = allFlows.get(name)?.flow;
  if (!target) {
    const message = `There is no flow '${name}' to queue a task of. ${didYouMean(name, allFlows.keys()) ?? ''}`.trimEnd();
    throw new TaskFault('failed', 'FLOW_UNKNOWN', message, { place });
  }
  const checked = checkParams(target, params);
  if (checked.params) return newTask(target, checked.params, overrides);
  throw new TaskFault('failed', 'PARAMS_INVALID', `A task of '${name}' cannot be queued: ${checked.mistakes.join(' ')}`, { place });
}
