import type { FieldType } from '../../project/field-type.ts';
import type { FlowFile } from '../../project/flow-file.ts';
import { placeholdersOf } from '../../project/flow-template.ts';
import { Refusal } from './refusal.ts';

type JsonSchema = Readonly<Record<string, unknown>>;

/** The GET route of a flow, and what requests to it may say. */
export interface FlowRoute {
  /** As the router writes it, e.g. `/profiles/instagram/byhandle/:handle`. */
  readonly url: string;
  readonly params: JsonSchema;
  readonly querystring: JsonSchema;
  readonly answer: JsonSchema;
}

/** The route of a flow that is served. */
export function flowRoute({ serve, params, output }: FlowFile): FlowRoute | null {
  if (serve === null) return null;
  const inPath = placeholdersOf(serve.path);
  const given = new Set([...inPath, ...Object.keys(serve.params)]);
  const pick = (wanted: (name: string) => boolean): JsonSchema =>
    Object.fromEntries(Object.entries(params).flatMap(([name, field]) => (wanted(name) ? [[name, textSchema(field)]] : [])));
  return {
    url: serve.path.replaceAll(/\{([a-z][a-z0-9_]*)\}/g, ':$1'),
    params: { type: 'object', properties: pick((name) => inPath.includes(name)), required: inPath },
    querystring: { type: 'object', properties: pick((name) => !given.has(name)), additionalProperties: false },
    answer: answerSchema(output),
  };
}

/** The params of a task, from those of a request and those that the flow gives. Throws Refusal for what is no JSON where JSON is expected. */
export function paramsOf(
  { serve, params }: FlowFile,
  request: { readonly params: Readonly<Record<string, unknown>>; readonly query: Readonly<Record<string, unknown>> },
): Readonly<Record<string, unknown>> {
  const read = (place: string, values: Readonly<Record<string, unknown>>): [string, unknown][] =>
    Object.entries(values).map(([name, value]) => [name, readValue(params[name], value, `${place}.${name}`)]);
  return { ...serve?.params, ...Object.fromEntries([...read('params', request.params), ...read('query', request.query)]) };
}

/** A value as it stands in an address: numbers and truth values are converted before they are checked, the rest is text. */
function textSchema({ type, description }: FieldType): JsonSchema {
  const note = description === '' ? {} : { description };
  switch (type) {
    case 'integer':
    case 'number':
    case 'boolean':
      return { type, ...note };
    case 'timestamp':
      return { type: 'string', description: description || 'ISO 8601, or epoch seconds.' };
    case 'string':
      return { type: 'string', ...note };
    case 'list':
      return { type: 'string', description: `${description} Texts with commas between them, or a JSON list.`.trim() };
    default:
      return { type: 'string', description: `${description} ${type === 'any' ? 'JSON' : 'A JSON object'}.`.trim() };
  }
}

function readValue(field: FieldType | undefined, value: unknown, path: string): unknown {
  if (typeof value !== 'string' || field === undefined) return value;
  if (field.type === 'timestamp' && /^\d+(\.\d+)?$/.test(value)) return Number(value);
  if (field.type === 'list' && !value.startsWith('[')) return value.split(',');
  if (field.type !== 'object' && field.type !== 'list' && field.type !== 'any') return value;
  try {
    return JSON.parse(value);
  } catch {
    throw new Refusal('invalid', 'JSON is expected.', { path });
  }
}

const kinds: Readonly<Record<FieldType['type'], JsonSchema>> = {
  string: { type: 'string' },
  integer: { type: 'integer' },
  number: { type: 'number' },
  boolean: { type: 'boolean' },
  timestamp: { type: 'string', format: 'date-time' },
  object: { type: 'object', additionalProperties: true },
  list: { type: 'array', items: {} },
  any: {},
};

function answerSchema(output: FlowFile['output']): JsonSchema {
  const fields = Object.entries(output ?? {}).map(([name, { type, optional, description }]) => [
    name,
    { ...kinds[type], ...(optional && type !== 'any' && { nullable: true }), ...(description !== '' && { description }) },
  ]);
  const record = { type: 'object', properties: Object.fromEntries(fields), additionalProperties: true };
  return {
    type: 'object',
    description: 'The records of the task.',
    properties: { task: { type: 'string' }, records: { type: 'array', items: record } },
  };
}
