import type { FlowNode } from '../manifest/manifest.ts';
import { constantOf, parseExpression } from '../project/expression.ts';
import type { FieldKind, FieldType } from '../project/field-type.ts';
import { typeName } from '../project/field-value.ts';
import type { EmitStep } from '../project/flow-file.ts';
import { scopeOf } from '../project/flow-scope.ts';
import type { YamlPath } from '../project/parse-yaml.ts';

/** What a step of a flow emits. */
export interface EmittedEvent {
  readonly flow: FlowNode;
  readonly emit: EmitStep;
  /** Number of the step, from 0. */
  readonly step: number;
}

/** A field of an event, as far as the flow that emits it says. */
export interface EventField {
  readonly kind: FieldKind;
  /** The one value it has; undefined where it varies. */
  readonly value?: unknown;
  /** Where the flow says so; null for what is added to every event. */
  readonly path: YamlPath | null;
}

const unknownField = { kind: 'any' } as const;

/** The fields of the events that a step emits, by name; null where only the flow's parser knows. */
export function eventFields({ flow: { flow }, emit: { body }, step }: EmittedEvent): ReadonlyMap<string, EventField> | null {
  const own = body === null ? recordFields(flow) : bodyFields(flow, body, ['process', step, 'emit', 'body']);
  return own && new Map([...addedFields(flow), ...own]);
}

/** What the outbox adds to every event that lacks it. */
function addedFields({ params }: FlowNode['flow']): [string, EventField][] {
  const text = { kind: 'string', path: null } as const;
  const platform = params.platform && { kind: params.platform.type, path: null };
  return [
    ['event_id', text],
    ['source', text],
    ['event_timestamp', { ...text, kind: 'timestamp' }],
    ...(platform ? [['platform', platform] satisfies [string, EventField]] : []),
  ];
}

function recordFields(flow: FlowNode['flow']): [string, EventField][] | null {
  const { record } = scopeOf(flow);
  if (record === null) return null;
  const [section, types] = typesOfRecord(flow);
  return [...record].map(([name, kind]): [string, EventField] => {
    const type = types[name];
    return [name, type ? { kind: type.type, path: [section, name] } : { kind, path: ['process'] }];
  });
}

/** The section that says the types of a record's fields, and what it says. */
function typesOfRecord({
  retrieve,
  params,
  output,
}: FlowNode['flow']): readonly ['params' | 'output', Readonly<Record<string, FieldType>>] {
  return output === null && retrieve === null ? ['params', params] : ['output', output ?? {}];
}

function bodyFields(flow: FlowNode['flow'], body: NonNullable<EmitStep['body']>, at: YamlPath): [string, EventField][] {
  return Object.entries(body).map(([name, value]) => [name, { ...fieldOf(value, flow), path: [...at, name] }]);
}

function fieldOf(value: unknown, flow: FlowNode['flow']): Omit<EventField, 'path'> {
  if (typeof value === 'string') return fieldOfText(value, flow);
  if (value === null) return unknownField;
  const kind = kindOf(value);
  return kind === 'object' || kind === 'list' ? { kind } : { kind, value };
}

/** A text is JSONata: a path to what has a type, or a constant. */
function fieldOfText(text: string, flow: FlowNode['flow']): Omit<EventField, 'path'> {
  const constant = constantOf(text);
  if (constant) return { kind: kindOf(constant.value), value: constant.value };
  const [root, name, ...more] = pathOf(text);
  if (name === undefined || more.length > 0) return unknownField;
  const types = root === 'params' ? flow.params : root === 'record' ? typesOfRecord(flow)[1] : {};
  const type = Object.hasOwn(types, name) ? types[name] : undefined;
  return type ? { kind: type.type } : unknownField;
}

function pathOf(text: string): readonly string[] {
  try {
    return parseExpression(text).path ?? [];
  } catch {
    return []; // told with the flow
  }
}

function kindOf(value: unknown): FieldKind {
  const name = typeName(value);
  if (name === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return name === 'string' || name === 'boolean' || name === 'object' || name === 'list' ? name : 'any';
}
