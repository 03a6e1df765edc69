import { parseExpression } from './expression.ts';
import type { FieldKind } from './field-type.ts';
import type { UpsertStep } from './flow-file.ts';
import type { FlowScope } from './flow-scope.ts';

/** A column that an upsert fills. */
export interface UpsertColumn {
  readonly name: string;
  /** Where its value is, from `record`, `page` and `params`. */
  readonly expression: string;
  /** Null where it is not known before the value is. */
  readonly kind: FieldKind | null;
}

/** The columns of an upsert: those it declares, or all fields of the record; null where only the records know them. Expressions have to parse. */
export function upsertColumns({ columns }: UpsertStep, scope: FlowScope): readonly UpsertColumn[] | null {
  if (columns !== null) {
    return Object.entries(columns).map(([name, expression]) => ({ name, expression, kind: kindOf(expression, scope) }));
  }
  return scope.record && [...scope.record].map(([name, kind]) => ({ name, expression: `record.\`${name}\``, kind }));
}

function kindOf(expression: string, { record, params }: FlowScope): FieldKind | null {
  const [root, name, ...more] = parseExpression(expression).path ?? [];
  if (name === undefined || more.length > 0) return null;
  if (root === 'record') return record?.get(name) ?? null;
  return root === 'params' ? (params.get(name) ?? null) : null;
}
