import type { ApiNode } from '../../manifest/manifest.ts';
import type { FlowFile, FlowRetrieve } from '../../project/flow-file.ts';
import { fillTemplate } from '../../project/flow-template.ts';
import type { ApiCall, ApiChoice } from '../calls/api-calls.ts';
import type { Level } from '../limits/limiter.ts';
import type { Params } from '../queue/task.ts';
import { fillPath } from './fill-path.ts';

/** What every call of a task has in common. */
export type CallFrame = Pick<ApiCall, 'levels' | 'maxWaitMs'>;

/** The limits of a flow's calls, with the params of a task in their keys. */
export function callFrame(flow: FlowFile, params: Params, maxWaitMs: number): CallFrame {
  const levels = flow.limits.map(({ key, requests, per, window }): Level => {
    const filled = fillTemplate(key, (name) => params[name]);
    if (filled === null) throw new Error(`the limit '${key}' of the flow '${flow.name}' has no value for a param`);
    return { key: filled, requests, perMs: per, window };
  });
  return { levels, maxWaitMs };
}

/** The call that a task begins with. Throws TaskFault where a param cannot stand in the path. */
export function retrieveCall(
  retrieve: FlowRetrieve,
  apis: readonly ApiNode[],
  params: Params,
): Omit<ApiCall, keyof CallFrame | 'stickyTo'> {
  const lookUp = (name: string): unknown => params[name];
  const choices = apis.map((api): ApiChoice => ({ api, path: fillPath(retrieve.paths[api.name] ?? retrieve.path, lookUp) }));
  const call = {
    choices,
    method: retrieve.method,
    query: fillTexts(retrieve.query, lookUp),
    headers: fillTexts(retrieve.headers, lookUp),
  };
  return retrieve.body === undefined ? call : { ...call, body: fillBody(retrieve.body, lookUp) };
}

/** Texts with their values; one that names a param that is missing is left out. */
function fillTexts(
  templates: Readonly<Record<string, string | number | boolean>>,
  lookUp: (name: string) => unknown,
): Readonly<Record<string, string>> {
  const filled = Object.entries(templates).map(([name, template]) => [name, fillTemplate(String(template), lookUp)] as const);
  return Object.fromEntries(filled.filter((entry): entry is readonly [string, string] => entry[1] !== null));
}

/** JSON with its values. A text that is one placeholder becomes its value, of whatever type; what names a missing param is left out. */
function fillBody(template: unknown, lookUp: (name: string) => unknown): unknown {
  if (typeof template === 'string') {
    const whole = /^\{([a-z][a-z0-9_]*)\}$/.exec(template)?.[1];
    return whole === undefined ? (fillTemplate(template, lookUp) ?? undefined) : (lookUp(whole) ?? undefined);
  }
  if (Array.isArray(template)) return template.map((item) => fillBody(item, lookUp)).filter((item) => item !== undefined);
  if (typeof template !== 'object' || template === null) return template;
  const entries = Object.entries(template).map(([key, item]) => [key, fillBody(item, lookUp)] as const);
  return Object.fromEntries(entries.filter(([, item]) => item !== undefined));
}
