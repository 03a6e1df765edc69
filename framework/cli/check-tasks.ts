import { GccflowError } from '../foundation/error.ts';
import type { FlowFile } from '../project/flow-file.ts';
import { fillTemplate } from '../project/flow-template.ts';
import { checkParams } from '../scrape/flow/check-params.ts';
import { newTask, type TaskOverrides } from '../scrape/flow/new-task.ts';
import type { NewTask } from '../scrape/queue/task.ts';
import type { ParamRow } from './param-rows.ts';

/** What the flags of `gccflow enqueue` say of every task. */
export interface TaskFlags extends TaskOverrides {
  /** May name params in braces. */
  readonly idempotencyKey: string | null;
  readonly account: string | null;
}

/** Mistakes that are told at once. */
const maxMistakes = 10;

/**
 * The tasks of params that fit their flow. At the first that do not no more tasks are given, only further mistakes are looked for, and then
 * TASK_PARAMS is thrown with all that were found, each with its place.
 */
export async function* checkedTasks(
  flow: FlowFile,
  rows: AsyncIterable<ParamRow> | Iterable<ParamRow>,
  flags: TaskFlags,
): AsyncGenerator<NewTask> {
  const mistakes: string[] = [];
  for await (const { place, params } of rows) {
    const checked = checkParams(flow, params);
    if (checked.mistakes !== undefined) mistakes.push(...checked.mistakes.map((mistake) => `${place}: ${mistake}`));
    if (mistakes.length >= maxMistakes) break;
    if (checked.params !== undefined && mistakes.length === 0) yield taskOf(flow, checked.params, flags);
  }
  if (mistakes.length > 0) throw refused(flow, mistakes);
}

function taskOf(flow: FlowFile, params: NewTask['params'], { account, idempotencyKey, ...overrides }: TaskFlags): NewTask {
  const key = idempotencyKey === null ? null : fillTemplate(idempotencyKey, (name) => params[name]);
  const task = newTask(flow, params, { ...overrides, idempotencyKey: key });
  return account === null ? task : { ...task, accountId: fillTemplate(account, (name) => params[name]) };
}

function refused({ name, params }: FlowFile, mistakes: readonly string[]): GccflowError {
  const shown = mistakes.slice(0, maxMistakes);
  const declared = Object.entries(params).map(([param, { type, optional }]) => `${param}: ${type}${optional ? '?' : ''}`);
  return new GccflowError('TASK_PARAMS', `Params do not fit the flow '${name}', and nothing was queued.\n${shown.join('\n')}`, {
    hint: declared.length === 0 ? `'${name}' takes no params.` : `'${name}' takes ${declared.join(', ')}.`,
  });
}
