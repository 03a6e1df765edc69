import type { CheckedRelation, TypedColumn } from './checked-graph.ts';

/**
 * The type of a column that a broken model returns and nobody knows more of. ClickHouse takes it wherever a value can stand, and what is made
 * of it has it too.
 */
export const unknownType = 'Nullable(Nothing)';

/** Names of the columns of which nobody knows the type, or whether they are there. */
export function unknownNames(relation: CheckedRelation | undefined): ReadonlySet<string> {
  const unknown = relation?.columns.filter(isUnknown).map(({ name }) => name) ?? [];
  return new Set([...unknown, ...(relation?.meant ?? [])]);
}

export function isUnknown({ type }: TypedColumn): boolean {
  return type === unknownType;
}
