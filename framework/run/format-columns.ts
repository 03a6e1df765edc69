import type { Constraint } from '../project/constraint.ts';
import type { Column } from '../project/models-file.ts';

/** Declared columns by their names, in dbt's words. */
export function formatColumns(columns: readonly Column[]) {
  return Object.fromEntries(columns.map((column) => [column.name, formatColumn(column)]));
}

function formatColumn({ name, type, description, tags, meta, constraints }: Column) {
  return {
    name,
    description,
    meta: { ...meta },
    data_type: type,
    constraints: constraints.map(formatConstraint),
    quote: null,
    config: { meta: { ...meta }, tags: [...tags] },
    tags: [...tags],
    granularity: null,
    dimension: null,
    entity: null,
    doc_blocks: [],
  };
}

/** Constraints of a whole model. */
export function formatConstraints(constraints: readonly Constraint[]) {
  return constraints.map((constraint) => ({ ...formatConstraint(constraint), columns: [] }));
}

function formatConstraint(constraint: Constraint) {
  const isCheck = constraint.type === 'check';
  return {
    type: constraint.type,
    name: isCheck ? constraint.name : null,
    expression: isCheck ? constraint.expression : null,
    warn_unenforced: true,
    warn_unsupported: true,
    to: null,
    to_columns: [],
  };
}
