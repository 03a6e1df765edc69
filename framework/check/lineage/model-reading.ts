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

interface BranchReading {
  readonly lineage: QueryLineage;
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
  try {
    const read = branches.flatMap((sql, index) => readBranch(sql, left.splice(0, treeStatements(sql).length), find, index > 0) ?? []);
    const [full] = read;
    if (!full) return { lineage: { kind: 'unknown', why: 'its SQL has a mistake' }, marks: [] };
    return { lineage: merge(id, full.lineage, read), marks: read.flatMap(({ marks }) => marks) };
  } catch (thrown) {
    if (thrown instanceof TreeNotUnderstood) return { lineage: { kind: 'unknown', why: `its query tree holds ${thrown.what}` }, marks: [] };
    throw thrown;
  }
}

function readBranch(sql: string, answers: readonly EngineAnswer[], find: FindReadable, incremental: boolean): BranchReading | null {
  const [tree, raw] = answers.map((answer) => (answer.kind === 'rows' ? parseQueryTree(answer.rows) : null));
  if (!tree || raw === null) return null;
  const select = { tokens: sqlTokens(sql), tree, raw: raw ?? tree };
  const rules = Object.keys(treeRules) as (keyof typeof treeRules)[];
  const marks = rules.flatMap((rule) => treeRules[rule].marksOf(select).map((mark) => ({ rule, incremental, ...mark })));
  return { lineage: lineageOf(select.tree, select.raw, find), marks };
}

function merge(id: NodeId, full: QueryLineage, branches: readonly BranchReading[]): ModelLineage {
  const lineages = branches.map(({ lineage }) => lineage);
  const foreign = (refs: readonly ColumnRef[]): readonly ColumnRef[] => distinctRefs(refs.filter(({ relation }) => relation !== id));
  return {
    kind: 'known',
    columns: full.columns.map(({ name }, index) => ({
      name,
      from: foreign(lineages.flatMap(({ columns }) => columns[index]?.from ?? [])),
    })),
    influences: foreign(lineages.flatMap(({ influences }) => influences)),
    reads: foreign(lineages.flatMap(({ reads }) => reads)),
  };
}
