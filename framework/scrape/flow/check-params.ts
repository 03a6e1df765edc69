import { didYouMean } from '../../foundation/closest.ts';
import { readField, typeName } from '../../project/field-value.ts';
import type { FlowFile } from '../../project/flow-file.ts';
import type { Params } from '../queue/task.ts';

/** Params that fit a flow, with its defaults and times in UTC; or everything that is wrong with them, a sentence each. */
export type CheckedParams =
  | { readonly params: Params; readonly mistakes?: never }
  | { readonly params?: never; readonly mistakes: readonly string[] };

/** Compares the params of a task with what its flow declares. Params that are optional and not given are left out. */
export function checkParams(flow: Pick<FlowFile, 'params' | 'max_params'>, params: unknown): CheckedParams {
  const text = jsonOf(params);
  const given: unknown = text === undefined ? undefined : JSON.parse(text);
  if (text === undefined || typeName(given) !== 'object')
    return { mistakes: [`The params are ${typeName(params)} where a JSON object is expected.`] };
  const bytes = Buffer.byteLength(text);
  if (bytes > flow.max_params)
    return { mistakes: [`The params are ${bytes} bytes as JSON, more than the ${flow.max_params} of max_params.`] };
  const mistakes = unknownParams(flow, Object.keys(given as object));
  const read: Record<string, unknown> = {};
  for (const name of Object.keys(flow.params)) readParam(flow, name, given as Params, read, mistakes);
  return mistakes.length === 0 ? { params: read } : { mistakes };
}

/** Undefined for what JSON does not know. */
function jsonOf(params: unknown): string | undefined {
  try {
    return JSON.stringify(params);
  } catch {
    return undefined; // a bigint, or an object that holds itself
  }
}

function unknownParams({ params }: Pick<FlowFile, 'params'>, names: readonly string[]): string[] {
  const known = Object.keys(params);
  return names
    .filter((name) => !Object.hasOwn(params, name))
    .map((name) => `The flow has no param '${name}'. ${didYouMean(name, known) ?? `Its params: ${known.join(', ') || 'none'}.`}`);
}

function readParam(flow: Pick<FlowFile, 'params'>, name: string, given: Params, read: Record<string, unknown>, mistakes: string[]): void {
  const field = flow.params[name];
  if (field === undefined) return;
  const value = (Object.hasOwn(given, name) ? given[name] : null) ?? field.default ?? null;
  if (value === null) {
    if (!field.optional) mistakes.push(`The param '${name}' is missing.`);
    return;
  }
  const fitting = readField(field.type, value);
  if (fitting === undefined) mistakes.push(`The param '${name}' is ${typeName(value)} where ${field.type} is expected.`);
  else if (!isStorable(fitting)) mistakes.push(`The param '${name}' holds a character that PostgreSQL cannot store.`);
  else read[name] = fitting;
}

/** PostgreSQL's JSON takes neither the character 0 nor half of a surrogate pair. */
function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed() && !value.includes('\0');
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([key, item]) => isStorable(key) && isStorable(item));
}
