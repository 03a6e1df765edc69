import type { ModelNode } from '../manifest/manifest.ts';
import type { CheckEngine } from './check-engine.ts';
import type { TypedColumn } from './checked-graph.ts';
import type { Finding } from './finding.ts';
import { describedColumns, describeSelect } from './relation-statements.ts';
import type { RenderedModel } from './render-model.ts';
import { lostColumns, repairSelect } from './repair-select.ts';
import { isUnknown, unknownType } from './unknown-type.ts';

export interface RepairedColumns {
  readonly columns: readonly TypedColumn[];
  /** Whether a column may have another name than it has now. */
  readonly isRenamed: boolean;
}

/** The columns of a model without its faulty parts; null where nothing is left without them. `above`: names of unknown columns that it may read. */
export async function repairedColumns(
  { node, sql }: Pick<RenderedModel, 'node' | 'sql'>,
  faults: readonly Finding[],
  above: ReadonlySet<string>,
  engine: CheckEngine,
): Promise<RepairedColumns | null> {
  if (faults.length === 0 || faults.some(({ offsets }) => offsets === undefined)) return null;
  const repaired = repairSelect(
    sql,
    faults.flatMap(({ offsets }) => offsets ?? []),
  );
  const lost = repaired && lostColumns(sql, new Set([...repaired.lost, ...above]));
  if (!repaired || !lost) return null;
  const [described] = await engine.run([{ sql: describeSelect(repaired.sql), settings: node.config.query_settings }]);
  if (described?.kind !== 'rows') return null;
  return { columns: withUnknown(describedColumns(described), lost), isRenamed: repaired.isRenamed };
}

/** The columns of a SELECT that reads unknown ones: what is made of those is unknown, and all where that cannot be told. */
export function dependentColumns(sql: string, columns: readonly TypedColumn[], above: ReadonlySet<string>): readonly TypedColumn[] {
  return withUnknown(columns, lostColumns(sql, above) ?? new Set(columns.map(({ name }) => name)));
}

function withUnknown(columns: readonly TypedColumn[], lost: ReadonlySet<string>): readonly TypedColumn[] {
  const named = columns.filter(({ name }, index) => name !== 'NULL' && columns.findIndex((column) => column.name === name) === index);
  return named.map(({ name, type }) => ({ name, type: lost.has(name) || type.includes('Nothing') ? unknownType : type }));
}

/** Columns whose types are unknown, with those that are declared or were so before. */
export function withKnownTypes(
  columns: readonly TypedColumn[],
  { columns: declared }: ModelNode,
  before: readonly TypedColumn[] = [],
): readonly TypedColumn[] {
  return columns.map((column) => {
    if (!isUnknown(column)) return column;
    const type = declared.find(({ name }) => name === column.name)?.type ?? before.find(({ name }) => name === column.name)?.type;
    return type == null ? column : { ...column, type };
  });
}

/** Whether a finding about what reads unknown columns may say no more than that they are unknown. */
export function followsFromUnknown({ error: { message } }: Finding, above: ReadonlySet<string>): boolean {
  return above.size > 0 && (/\bNothing\b/.test(message) || [...above].some((name) => message.includes(`'${name}'`)));
}
