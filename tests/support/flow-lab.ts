import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Postgres } from '../../framework/connections/postgres.ts';
import type { Asset, StoredAsset } from '../../framework/scrape/assets/asset-uploads.ts';
import type { ApiAnswer, ApiCall } from '../../framework/scrape/calls/api-calls.ts';
import type { FlowDeps, RunFlowOptions } from '../../framework/scrape/flow/flow-deps.ts';
import { newTask } from '../../framework/scrape/flow/new-task.ts';
import { openFlows } from '../../framework/scrape/flow/open-flows.ts';
import { addEvents } from '../../framework/scrape/outbox/add-events.ts';
import { eventId } from '../../framework/scrape/outbox/event-id.ts';
import type { LeasedTask, Params } from '../../framework/scrape/queue/task.ts';
import type { TaskQueue } from '../../framework/scrape/queue/task-queue.ts';
import type { Outcome } from '../../framework/scrape/worker/run-task.ts';
import { apiNode, flowNode } from './flow-node.ts';
import { scratchSchema } from './postgres.ts';
import { type RecordingLog, recordingLog } from './recording-log.ts';
import { lease, readTask, scratchQueue } from './task-queue.ts';

type Written = Readonly<Record<string, unknown>>;

export interface FlowLabOptions {
  /** What stands in the file of the flow `refresh`; its tables are in `SCHEMA`. */
  readonly flow: Written;
  /** Further flows, by name. */
  readonly others?: Readonly<Record<string, Written>>;
  /** The API's answer to a call: its body. May throw. */
  readonly answer?: (call: ApiCall) => unknown;
  /** Modules of the project, by their path. */
  readonly files?: Readonly<Record<string, string>>;
  readonly upload?: (asset: Asset) => StoredAsset | Promise<StoredAsset>;
  readonly deps?: Partial<FlowDeps>;
}

export interface FlowLab extends AsyncDisposable {
  readonly postgres: Postgres;
  readonly queue: TaskQueue;
  readonly schema: string;
  readonly projectDir: string;
  readonly calls: readonly ApiCall[];
  readonly log: RecordingLog;
  /** Queues a task of `refresh` and leases it. */
  lease(params?: Params): Promise<LeasedTask>;
  run(task: LeasedTask, signal?: AbortSignal, options?: RunFlowOptions): Promise<Outcome>;
  /** Leases a task and runs it. */
  runOnce(params?: Params): Promise<Outcome>;
  statusOf(task: LeasedTask): Promise<string | undefined>;
  /** Rows of a table of the schema. */
  rows(table: string): Promise<readonly Record<string, unknown>[]>;
  events(): Promise<readonly LabEvent[]>;
  /** Flow and params of the tasks that wait. */
  waiting(): Promise<readonly { readonly flow: string; readonly params: unknown; readonly priority: number }[]>;
}

export interface LabEvent {
  readonly exchange: string;
  readonly routing_key: string;
  readonly message_id: string;
  readonly body: Written;
  /** When the task's transaction began, by PostgreSQL's clock, e.g. `2026-01-02 03:04:05`. */
  readonly written_at: string;
}

const eventsSql = `
  select exchange, routing_key, message_id, body::json, to_char(created_at at time zone 'utc', 'YYYY-MM-DD HH24:MI:SS') as written_at
  from gccflow.event_outbox order by id`;

/** A flow over a real queue, tables and outbox, and an API that answers as the test says. */
export async function flowLab(
  context: TestContext,
  { flow, others = {}, answer, files = {}, upload, deps }: FlowLabOptions,
): Promise<FlowLab> {
  await using opening = new AsyncDisposableStack();
  const scratch = await scratchQueue(context);
  assert.ok(scratch);
  const { postgres, queue } = opening.use(scratch);
  await postgres.query('truncate gccflow.event_outbox');
  const { schema } = opening.use(await scratchSchema(postgres));
  const projectDir = projectOf(files, opening);
  const nodes = [{ name: 'refresh', ...flow }, ...Object.entries(others).map(([name, written]) => ({ name, ...written }))].map((written) =>
    flowNode(inSchema(written, schema)),
  );
  const calls: ApiCall[] = [];
  const log = recordingLog();
  const open = await openFlows(nodes.slice(0, 1), {
    projectDir,
    apis: new Map(['graphapi', 'rapidapi'].map((name) => [name, apiNode({ name })])),
    allFlows: new Map(nodes.map((node) => [node.name, node])),
    calls: {
      async call(call) {
        calls.push(call);
        return answerOf(call, await answer?.(call));
      },
    },
    queue,
    postgres: async () => postgres,
    uploads: async () => ({
      upload: async (asset) => (upload ?? storedAsset)(asset),
      [Symbol.asyncDispose]: async () => {},
    }),
    addEvents,
    eventId,
    mask: (text) => text.replaceAll('s3cret', '***'),
    log,
    ...deps,
  });
  const run: FlowLab['run'] = async (task, signal = new AbortController().signal, options = {}) => {
    const runFlow = open.get('refresh');
    assert.ok(runFlow);
    return runFlow(task, signal, options);
  };
  const leaseOne: FlowLab['lease'] = async (params = {}) => {
    const file = nodes[0]?.flow;
    assert.ok(file);
    await queue.enqueue([newTask(file, params)]);
    const [task] = await lease(queue, 1, 'refresh');
    assert.ok(task);
    return task;
  };
  const held = opening.move();
  return {
    postgres,
    queue,
    schema,
    projectDir,
    calls,
    log,
    lease: leaseOne,
    run,
    runOnce: async (params) => run(await leaseOne(params)),
    statusOf: async ({ id }) => (await readTask(postgres, id))?.status,
    rows: (table) => postgres.query(`select * from ${schema}.${table} order by 1`),
    events: () => postgres.query<LabEvent>(eventsSql),
    waiting: () => postgres.query(`select flow, params, priority from gccflow.scrape_request where status = 'PENDING' order by id`),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** The first of the APIs answers. */
function answerOf({ choices }: ApiCall, body: unknown): ApiAnswer {
  return { api: choices[0]?.api.name ?? '', status: 200, headers: {}, body, credential: 'c1' };
}

function storedAsset({ url, entityType, platform, entityId }: Asset): StoredAsset {
  const key = `assets/${entityType}s/${platform}/${entityId}.jpg`;
  return { key, url: `https://cdn.example.com/${key}`, outcome: 'written', bytes: url.length };
}

function projectOf(files: Readonly<Record<string, string>>, opening: AsyncDisposableStack): string {
  const dir = mkdtempSync(join(tmpdir(), 'gccflow-flow-'));
  opening.defer(() => rmSync(dir, { recursive: true, force: true }));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, file)), { recursive: true });
    writeFileSync(join(dir, file), text);
  }
  return dir;
}

function inSchema(written: Written, schema: string): Written {
  return JSON.parse(JSON.stringify(written).replaceAll('SCHEMA', schema));
}
