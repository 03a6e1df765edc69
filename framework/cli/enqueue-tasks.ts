import { resolve } from 'node:path';
import { GccflowError } from '../foundation/error.ts';
import type { FlowFile } from '../project/flow-file.ts';
import { openTaskQueue } from '../scrape/queue/open-task-queue.ts';
import { checkedTasks, type TaskFlags } from './check-tasks.ts';
import type { CommandContext } from './command.ts';
import { inlineError } from './node-error.ts';
import { openTargetPostgres, openTargetWarehouse } from './open-connections.ts';
import type { OpenProject } from './open-project.ts';
import { type ParamRow, readParamFile, readParamQuery } from './param-rows.ts';
import { parseParams } from './parse-params.ts';
import { renderInline } from './render-inline.ts';

/** Where the params of tasks come from. */
export type ParamSource =
  | { readonly kind: 'arguments'; readonly texts: readonly string[] }
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'query'; readonly sql: string };

export interface Enqueued {
  /** Of the one task that arguments make; null where a key of it is known, undefined for other sources. */
  readonly id?: string | null;
  readonly queued: number;
  readonly known: number;
}

/** Queues tasks of a flow. Opens the queue when the first task was found to fit. */
export async function enqueueFrom(
  opened: OpenProject,
  flow: FlowFile,
  source: ParamSource,
  flags: TaskFlags,
  context: CommandContext,
): Promise<Enqueued> {
  await using opening = new AsyncDisposableStack();
  const openQueue = async () => {
    const postgres = opening.use(await openTargetPostgres(opened.project, { threads: 1, log: context.log, signal: context.signal }));
    return opening.use(await openTaskQueue(postgres));
  };
  if (source.kind === 'arguments') {
    const tasks = await Array.fromAsync(checkedTasks(flow, [{ place: '--params', params: parseParams(source.texts, flow) }], flags));
    const { ids, queued, known } = await (await openQueue()).enqueue(tasks);
    return { id: ids[0] ?? null, queued, known };
  }
  const rows = source.kind === 'file' ? fileRows(source.file, flow, context) : queryRows(source.sql, opened, context);
  const queue = await openQueue();
  return await queue.enqueueStream(checkedTasks(flow, rows, flags), context.signal);
}

function fileRows(file: string, flow: FlowFile, { cwd }: CommandContext): AsyncIterable<ParamRow> {
  return readParamFile(resolve(cwd, file), file, flow);
}

async function* queryRows(text: string, { project, manifest }: OpenProject, { log, signal }: CommandContext): AsyncGenerator<ParamRow> {
  const sql = renderInline(text, manifest, '--from-model');
  await using warehouse = await openTargetWarehouse(project, { threads: 1, log, signal, waitLockMs: 0 });
  try {
    yield* readParamQuery(warehouse, sql, signal);
  } catch (thrown) {
    throw thrown instanceof GccflowError ? inlineError(thrown, manifest) : thrown;
  }
}
