import type { FlowNode } from '../../manifest/manifest.ts';
import { scopeOf } from '../../project/flow-scope.ts';
import type { LeasedTask, Params } from '../queue/task.ts';
import { apisOf, openStep } from '../steps/index.ts';
import type { Attempt, OpenStep, Writes } from '../steps/step.ts';
import { TaskFault } from '../task-fault.ts';
import type { Outcome } from '../worker/run-task.ts';
import { checkParams } from './check-params.ts';
import { checkRecords } from './check-records.ts';
import type { FlowDeps, FlowRecord, RunFlow, RunFlowOptions } from './flow-deps.ts';
import { type AnswerParser, openParser } from './parse-answer.ts';
import { callFrame, retrieveCall } from './retrieve.ts';
import { settle } from './settle.ts';
import { LeaseLost, writeAll } from './write-all.ts';

/** Makes a flow ready to run its tasks. Throws FILE_UNREADABLE for a module of it that does not load. */
export async function openFlow(node: FlowNode, deps: FlowDeps): Promise<RunFlow> {
  const place = { file: node.file, scope: scopeOf(node.flow), apis: apisOf(node, deps.apis) };
  const parser = await openParser(node, deps.projectDir);
  const steps: OpenStep[] = [];
  for (const step of node.flow.process) steps.push(await openStep(step, place, deps));
  const open: OpenFlow = { node, parser, steps, deps };
  return async (task, signal, options = {}) => {
    try {
      return await runAttempt(open, task, signal, options);
    } catch (thrown) {
      return endOf(thrown, open, task, signal);
    }
  };
}

interface OpenFlow {
  readonly node: FlowNode;
  readonly parser: AnswerParser;
  readonly steps: readonly OpenStep[];
  readonly deps: FlowDeps;
}

async function runAttempt(open: OpenFlow, task: LeasedTask, signal: AbortSignal, options: RunFlowOptions): Promise<Outcome> {
  const { flow } = open.node;
  const params = readParams(open, task);
  const caller = callerOf(open, params, options, signal);
  const { records: first, api, page } = await retrieve(open, params, caller);
  const log = open.deps.log.child({ flow: flow.name, task: task.id, attempt: task.attempt });
  const attempt: Attempt = { task, params, api, page, call: async (request) => (await caller(request)).body, log, signal };
  let records = first;
  for (const step of open.steps) if (step.phase === 'call') records = await step.run(records, attempt);
  const writes: Writes = { inTransaction: [], events: [], tasks: [] };
  for (const step of open.steps) if (step.phase === 'write') await step.plan(records, attempt, writes);
  signal.throwIfAborted();
  options.onRecords?.(records);
  if (writes.inTransaction.length + writes.events.length + writes.tasks.length === 0) return { kind: 'complete' };
  await writeAll(writes, task, { source: api ?? flow.name, platform: params.platform ?? null }, open.deps, signal);
  return { kind: 'settled' };
}

/** The flow may have changed since the task was queued. */
function readParams({ node }: OpenFlow, task: LeasedTask): Params {
  const checked = checkParams(node.flow, task.params);
  if (checked.params) return checked.params;
  throw new TaskFault('refused', 'PARAMS_INVALID', checked.mistakes.join(' '), { place: node.file });
}

type Caller = (
  request: Parameters<Attempt['call']>[0] & { readonly headers?: Readonly<Record<string, string>> },
) => ReturnType<FlowDeps['calls']['call']>;

/** Calls within the flow's limits, with the credential of the task's first call. */
function callerOf({ node: { flow }, deps }: OpenFlow, params: Params, { maxWaitMs }: RunFlowOptions, signal: AbortSignal): Caller {
  const frame = callFrame(flow, params, maxWaitMs ?? flow.max_wait);
  let stickyTo: string | null = null;
  return async (request) => {
    const answer = await deps.calls.call({ headers: {}, ...frame, ...request, stickyTo }, signal);
    stickyTo ??= answer.credential;
    return answer;
  };
}

interface Retrieved {
  readonly records: readonly FlowRecord[];
  readonly api: string | null;
  readonly page: Readonly<Record<string, unknown>>;
}

/** The records that a task begins with: those of the answer, or its params. */
async function retrieve({ node, parser, deps }: OpenFlow, params: Params, caller: Caller): Promise<Retrieved> {
  const { flow, file } = node;
  if (flow.retrieve === null) {
    const raw = { records: [params], page: {}, whyMissing: () => null };
    return { records: checkRecords(flow.output, raw, file), api: null, page: {} };
  }
  const apis = flow.retrieve.api.flatMap((name) => deps.apis.get(name) ?? []);
  const answer = await caller(retrieveCall(flow.retrieve, apis, params));
  const raw = await parser(answer.body, { params, api: answer.api });
  return { records: checkRecords(flow.output, raw, file), api: answer.api, page: withoutNulls(raw.page) };
}

/** Providers say both ways that there is no next page; `$exists(page.next)` is to know one from the other. */
function withoutNulls(page: Retrieved['page']): Retrieved['page'] {
  return Object.fromEntries(Object.entries(page).filter(([, value]) => value !== null && value !== undefined));
}

function endOf(thrown: unknown, { node: { flow }, deps }: OpenFlow, task: LeasedTask, signal: AbortSignal): Outcome {
  if (thrown instanceof LeaseLost) return { kind: 'returned', reason: thrown.message, waitMs: 0 };
  if (signal.aborted) return { kind: 'returned', reason: 'the attempt was stopped', waitMs: 0 };
  return settle(thrown, task, flow, deps);
}
