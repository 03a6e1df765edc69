import type { FastifyInstance } from 'fastify';
import type { PostgresQueries } from '../../connections/postgres.ts';
import { didYouMean } from '../../foundation/closest.ts';
import type { FlowNode } from '../../manifest/manifest.ts';
import { checkParams } from '../flow/check-params.ts';
import { newTask } from '../flow/new-task.ts';
import { type FoundTask, findTasks } from '../queue/find-tasks.ts';
import type { Moment, Params } from '../queue/task.ts';
import type { TaskQueue } from '../queue/task-queue.ts';
import { readFlows } from './flow-reports.ts';
import { flowRoute, paramsOf } from './flow-route.ts';
import { Refusal, type RefusalKind, refusals } from './refusal.ts';
import type { ServedTasks } from './served-tasks.ts';

export interface RouteDeps {
  /** Every flow of the project. */
  readonly flows: readonly FlowNode[];
  readonly tasks: ServedTasks;
  readonly queue: Pick<TaskQueue, 'enqueue'>;
  readonly postgres: PostgresQueries;
}

/** A GET route for each flow that is served: it runs a task, and answers with its records. */
export function addFlowRoutes(scope: FastifyInstance, { flows, tasks }: RouteDeps): void {
  for (const node of flows) {
    const route = flowRoute(node.flow);
    if (route === null) continue;
    const schema = {
      tags: ['flows'],
      operationId: node.name,
      ...(node.description !== '' && { summary: node.description }),
      params: route.params,
      querystring: route.querystring,
      response: {
        200: route.answer,
        ...errorsOf('invalid', 'not_found', 'rate_limited', 'provider_failed', 'unavailable', 'provider_timeout'),
      },
    };
    scope.get<{ Params: Params; Querystring: Params }>(route.url, { schema }, async ({ params, query }) => {
      return tasks.run(node, requireParams(node, paramsOf(node.flow, { params, query })));
    });
  }
}

interface NewRequest {
  readonly flow: string;
  readonly params?: Params;
  readonly priority?: number;
  readonly run_at?: string;
  readonly expires_at?: string;
  readonly idempotency_key?: string;
}

const newRequest = {
  type: 'object',
  required: ['flow'],
  additionalProperties: false,
  properties: {
    flow: { type: 'string' },
    params: { type: 'object', additionalProperties: true },
    priority: { type: 'integer', minimum: -32_768, maximum: 32_767, description: 'Higher first.' },
    run_at: { type: 'string', format: 'date-time', description: 'Not before this time.' },
    expires_at: { type: 'string', format: 'date-time', description: 'Not started after this time.' },
    idempotency_key: {
      type: 'string',
      minLength: 1,
      maxLength: 200,
      description: 'A second task of the flow with this key is not queued.',
    },
  },
};

/** Queues tasks for workers, and tells what became of them. */
export function addQueueRoutes(scope: FastifyInstance, { flows, queue, postgres }: RouteDeps): void {
  const tags = ['tasks'];
  const accepted = { type: 'object', properties: { id: { type: 'string', nullable: true }, known: { type: 'boolean' } } };
  const response = {
    202: { description: 'Queued.', ...accepted },
    200: { description: 'Known already.', ...accepted },
    ...errorsOf('invalid'),
  };
  scope.post<{ Body: NewRequest }>(
    '/scrape-requests',
    { schema: { tags, summary: 'Queue a task.', body: newRequest, response } },
    async (request, reply) => {
      const task = taskOf(request.body, flows);
      const { ids } = await queue.enqueue([task]);
      const id = ids[0] ?? null;
      return reply.code(id === null ? 200 : 202).send({ id, known: id === null });
    },
  );
  const one = { tags, summary: 'A task, and what became of it.', params: { type: 'object', properties: { id: { type: 'string' } } } };
  scope.get<{ Params: { readonly id: string } }>(
    '/scrape-requests/:id',
    { schema: { ...one, response: errorsOf('not_found') } },
    async ({ params }) => {
      const task = await readTask(postgres, params.id);
      if (task === undefined) throw new Refusal('not_found', `There is no task '${params.id.slice(0, 40)}'.`);
      return task;
    },
  );
  scope.get('/flows', { schema: { tags: ['flows'], summary: 'All flows, their slots and their work.' } }, async () => ({
    flows: await readFlows(postgres, flows),
  }));
}

/** Undefined where there is none, or none any more. */
async function readTask(postgres: PostgresQueries, id: string): Promise<FoundTask | undefined> {
  if (!/^\d{1,18}$/.test(id)) return undefined;
  const [task] = await findTasks(postgres, { ids: [id], flows: [], statuses: [], sinceMs: null }, 1);
  return task;
}

function taskOf(body: NewRequest, flows: readonly FlowNode[]) {
  const node = flows.find(({ name }) => name === body.flow);
  if (node === undefined) {
    const near = didYouMean(
      body.flow,
      flows.map(({ name }) => name),
    );
    throw new Refusal('invalid', `There is no flow '${body.flow.slice(0, 100)}'.${near === undefined ? '' : ` ${near}`}`, {
      path: 'body.flow',
    });
  }
  return newTask(node.flow, requireParams(node, body.params ?? {}), {
    priority: body.priority ?? null,
    runAt: momentOf(body, 'run_at'),
    expiresAt: momentOf(body, 'expires_at'),
    idempotencyKey: body.idempotency_key ?? null,
  });
}

/** Leap seconds are times by the schema, and none to JavaScript. */
function momentOf(body: NewRequest, name: 'run_at' | 'expires_at'): Moment | null {
  const text = body[name];
  if (text === undefined) return null;
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) throw new Refusal('invalid', 'This time cannot be read.', { path: `body.${name}` });
  return { at };
}

function requireParams({ flow }: FlowNode, given: Params): Params {
  const checked = checkParams(flow, given);
  if (checked.params) return checked.params;
  throw new Refusal('invalid', checked.mistakes.join(' '));
}

const errorBody = {
  type: 'object',
  properties: {
    error: { type: 'string' },
    message: { type: 'string' },
    request_id: { type: 'string' },
    path: { type: 'string' },
    code: { type: 'string' },
    task: { type: 'string' },
  },
};

function errorsOf(...kinds: readonly RefusalKind[]): Readonly<Record<number, object>> {
  return Object.fromEntries(kinds.map((kind) => [refusals[kind], { description: `\`${kind}\``, ...errorBody }]));
}
