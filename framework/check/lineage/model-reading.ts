import type { WarehouseSettings } from '../../connections/warehouse.ts';
import type { NodeId } from '../../manifest/manifest.ts';
import type { EngineAnswer, EngineStatement } from '../check-engine.ts';
import { sqlTokens } from '../sql-tokens.ts';
import { treeRules } from '../tree-rules/index.ts';
import type { TreeMark } from '../tree-rules/tree-rule.ts';
import { type ColumnRef, distinctRefs, type FindReadable } from './column-ref.ts';
import { explainQueryTree, explainRawTree, parseQueryTree } from './parse-query-tree.ts';
import { lineageOf, type QueryLineage } from './query-lineage.ts';
import { TreeNotUnderstood } from './read-outline.ts';

/** What a model's columns come from, in the relations it reads itself. Relations are node ids; the model itself is none of them. */
export type ModelLineage =
  | ({ readonly kind: 'known' } & QueryLineage)
  /** `why` goes on after "because": `its SQL has a mistake`. */
  | { readonly kind: 'unknown'; readonly why: string };

/** A place where a rule over the SQL of one model does not hold. */
export interface ModelMark extends TreeMark {
  readonly rule: keyof typeof treeRules;
  /** Whether the offset is one in the SQL of an incremental run. */
  readonly incremental: boolean;
}

/** What ClickHouse understands of a model's SQL. */
export interface ModelReading {
  readonly lineage: ModelLineage;
  readonly marks: readonly ModelMark[];
}

/** What to ask of a SELECT: its tree, and the one before analysis where that tells of a `*`, of a CTE that is not read, or of how a key of USING is written. */
export function treeStatements(sql: string, settings: WarehouseSettings = {}): readonly EngineStatement[] {
  return isPlain(sql) ? [explainQueryTree(sql, settings)] : [explainQueryTree(sql, settings), explainRawTree(sql, settings)];
}

function isPlain(sql: string): boolean {
  return !/\*|\b(columns|with|using)\b/i.test(sql);
}

/** Reads what was asked of each branch of a model's SQL. Of an incremental model both count. */
export function readingOf(id: NodeId, branches: readonly string[], answers: readonly EngineAnswer[], find: FindReadable): ModelReading {
  const left = [...answers];
  const read = branches.map((sql, index) => readBranch(sql, left.splice(0, treeStatements(sql).length), find, index > 0));
  const marks = read.flatMap((branch) => branch.marks);
  const [full, ...others] = read.map(({ lineage }) => lineage);
  if (full?.kind !== 'known') return { lineage: full ?? { kind: 'unknown', why: 'it has no SQL' }, marks };
  return { lineage: merge(id, full, [full, ...others.filter((lineage) => lineage.kind === 'known')]), marks };
}

function readBranch(sql: string, answers: readonly EngineAnswer[], find: FindReadable, incremental: boolean): ModelReading {
  const refused = answers.find((answer) => answer.kind !== 'rows');
  if (refused) return { lineage: { kind: 'unknown', why: whyRefused(refused) }, marks: [] };
  let marks: readonly ModelMark[] = [];
  try {
    const [tree, raw] = answers.map((answer) => parseQueryTree(answer.kind === 'rows' ? answer.rows : []));
    if (!tree) return { lineage: { kind: 'unknown', why: 'it has no query tree' }, marks };
    const select = { tokens: sqlTokens(sql), tree, raw: raw ?? tree };
    const rules = Object.keys(treeRules) as (keyof typeof treeRules)[];
    marks = rules.flatMap((rule) => treeRules[rule].marksOf(select).map((mark) => ({ rule, incremental, ...mark })));
    return { lineage: { kind: 'known', ...lineageOf(select.tree, select.raw, find) }, marks };
  } catch (thrown) {
    if (thrown instanceof TreeNotUnderstood) return { lineage: { kind: 'unknown', why: `its query tree holds ${thrown.what}` }, marks };
    throw thrown;
  }
}

/** Such as a scalar subquery that must have a value: the tables of a check are empty. */
function whyRefused(answer: EngineAnswer): string {
  if (answer.kind === 'fault') return `ClickHouse does not explain it: ${answer.fault.message.replace(/\.$/, '')}`;
  return 'ClickHouse ended while it explained it';
}

function merge(id: NodeId, full: QueryLineage, branches: readonly QueryLineage[]): ModelLineage {
  const foreign = (refs: readonly ColumnRef[]): readonly ColumnRef[] => distinctRefs(refs.filter(({ relation }) => relation !== id));
  return {
    kind: 'known',
    columns: full.columns.map(({ name }, index) => ({
      name,
      from: foreign(branches.flatMap(({ columns }) => columns[index]?.from ?? [])),
    })),
    influences: foreign(branches.flatMap(({ influences }) => influences)),
    reads: foreign(branches.flatMap(({ reads }) => reads)),
  };
}
