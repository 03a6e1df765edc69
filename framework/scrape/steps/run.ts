import { dirname, join } from 'node:path';
import type { PostgresQueries } from '../../connections/postgres.ts';
import { importDefault } from '../../project/import-default.ts';
import type { FlowDeps } from '../flow/flow-deps.ts';
import { TaskFault } from '../task-fault.ts';
import { checkedTask } from './enqueue.ts';
import type { RunStep, StepAsset, StepContext, StepRequest } from './flow-module.ts';
import { chooseScopes, type Value } from './scope.ts';
import type { Attempt, StepCall, StepPlace, WriteStep, Writes } from './step.ts';

/** What an asset of a step's own may have at most, in bytes. */
const maxAssetBytes = 25_000_000;

/** Runs a module of the project, in the task's transaction. Throws FILE_UNREADABLE where it does not load. */
export async function openRun(path: string, when: Value | null, place: StepPlace, deps: FlowDeps): Promise<WriteStep> {
  const module = join(dirname(place.file), path);
  const run = (await importDefault('step', join(deps.projectDir, module))) as RunStep;
  return {
    phase: 'write',
    async plan(records, attempt, writes) {
      const scopes = await chooseScopes(records, when, attempt);
      const chosen = scopes.map(({ record }) => record).filter((record) => record !== undefined);
      if (when !== null && chosen.length === 0) return;
      writes.inTransaction.push(async (db) => {
        let isOver = false;
        const requireOpen = (): void => {
          if (isOver) throw new Error('the step has ended: what it does in promises that it does not wait for would be lost');
        };
        try {
          await run(chosen, contextOf(attempt, db, writes, requireOpen, place, deps));
        } finally {
          isOver = true;
        }
      });
    },
  };
}

/** `requireOpen` throws after the end of the step. */
function contextOf(
  attempt: Attempt,
  db: PostgresQueries,
  writes: Writes,
  requireOpen: () => void,
  place: StepPlace,
  deps: FlowDeps,
): StepContext {
  const { task, params, api, page, log, signal } = attempt;
  return {
    task: { id: task.id, flow: task.flow, attempt: task.attempt },
    params,
    api,
    page,
    log,
    signal,
    db: { query: (sql, values) => db.query(sql, values) },
    http: async (request) => attempt.call(callOf(request, place)),
    emit: (event) => {
      requireOpen();
      writes.events.push(event);
    },
    enqueue: (flow, ofTask) => {
      requireOpen();
      writes.tasks.push(checkedTask(deps.allFlows, flow, ofTask, null));
    },
    upload: (asset) => upload(asset, deps, signal),
  };
}

/** The call that a step asks for. Throws TaskFault for an API that the flow does not name: the graph would not know of it. */
function callOf({ api, method = 'GET', path, query = {}, body }: StepRequest, { apis, file }: StepPlace): StepCall {
  const named = api === undefined ? apis : apis.filter(({ name }) => name === api);
  if (named.length === 0)
    throw new TaskFault('failed', 'API_UNKNOWN', `The flow names no API${api === undefined ? '' : ` '${api}'`}.`, { place: file });
  const request = { choices: named.map((node) => ({ api: node, path })), method, query };
  return body === undefined ? request : { ...request, body };
}

async function upload(asset: StepAsset, { uploads }: FlowDeps, signal: AbortSignal): Promise<string> {
  const stored = await (await uploads()).upload({ ...asset, maxBytes: maxAssetBytes, hosts: [] }, signal);
  return stored.url;
}
