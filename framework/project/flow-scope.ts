import type { FieldKind } from './field-type.ts';
import type { FlowFile } from './flow-file.ts';

/** What the steps of a flow may name. */
export interface FlowScope {
  readonly params: ReadonlyMap<string, FieldKind>;
  /** Null where only the flow's parser knows. */
  readonly page: ReadonlySet<string> | null;
  /** The fields of a record, those that uploads and calls add included; null where only the flow's parser knows. */
  readonly record: ReadonlyMap<string, FieldKind> | null;
}

export function scopeOf(flow: FlowFile): FlowScope {
  const params = new Map(Object.entries(flow.params).map(([name, { type }]) => [name, type]));
  const own = flow.retrieve === null && flow.output === null ? params : fieldsOf(flow);
  return { params, page: pageOf(flow), record: own && new Map([...own, ...addedFields(flow)]) };
}

function fieldsOf({ output, parse }: FlowFile): ReadonlyMap<string, FieldKind> | null {
  if (output !== null) return new Map(Object.entries(output).map(([name, { type }]) => [name, type]));
  return parse !== null && typeof parse === 'object' ? new Map(Object.keys(parse.fields).map((name) => [name, 'any'])) : null;
}

function pageOf({ parse }: FlowFile): ReadonlySet<string> | null {
  if (typeof parse === 'string') return null;
  return new Set(Object.keys(parse?.page ?? {}));
}

/** Fields that get what an upload or a call gave back. */
function addedFields({ process }: FlowFile): [string, FieldKind][] {
  return process.flatMap((step): [string, FieldKind][] => {
    if ('upload' in step && step.upload.as !== null) return [[step.upload.as, 'string']];
    return 'http' in step && step.http.as !== null ? [[step.http.as, 'any']] : [];
  });
}
