import type { TreeNode } from '../lineage/query-tree.ts';
import type { SqlToken } from '../sql-tokens.ts';

/** A SELECT of a model, as it is written and as ClickHouse understands it. */
export interface ReadSelect {
  readonly tokens: readonly SqlToken[];
  /** After analysis. */
  readonly tree: TreeNode;
  /** Before analysis. */
  readonly raw: TreeNode;
}

/** A place in the SQL of a model where a rule does not hold. */
export interface TreeMark {
  /** Offset in the SQL. */
  readonly offset: number;
  /** What the model does, after its name: `declares the CTE 'x' and does not read it`. */
  readonly message: string;
}

/** A rule over what ClickHouse understands of one model's SQL. */
export interface TreeRule {
  /** One line: what the rule asks for. */
  readonly summary: string;
  /** What to do where it does not hold. */
  readonly hint: string;
  readonly marksOf: (select: ReadSelect) => readonly TreeMark[];
}
