/** ClickHouse's own understanding of a query, as `EXPLAIN QUERY TREE` tells it. Every node that can be referred to has an `id`. */
export type TreeNode =
  | QueryNode
  | UnionNode
  | TableNode
  | TableFunctionNode
  | ColumnNode
  | FunctionNode
  | LambdaNode
  | ConstantNode
  | ListNode
  | ArrayJoinNode
  | JoinNode
  | CrossJoinNode
  | WindowNode
  | SortNode
  | InterpolateNode
  | IdentifierNode
  | MatcherNode
  | TransformerNode;

/** One SELECT. */
export interface QueryNode {
  readonly kind: 'query';
  readonly id: number;
  /** The name it has in a WITH. */
  readonly cteName: string | null;
  /** What WITH declares; only in a tree before analysis, which then drops it. */
  readonly with: readonly TreeNode[];
  /** Its output columns; null before analysis. One for each node of `projection`. */
  readonly columns: readonly TreeColumn[] | null;
  readonly projection: readonly TreeNode[];
  readonly from: TreeNode | null;
  readonly clauses: readonly Clause[];
}

export interface TreeColumn {
  readonly name: string;
  readonly type: string;
}

/** A part of a SELECT that shapes its rows and not their values. */
export interface Clause {
  readonly name: ClauseName;
  readonly nodes: readonly TreeNode[];
}
export const clauseNames = [
  'PREWHERE',
  'WHERE',
  'GROUP BY',
  'HAVING',
  'WINDOW',
  'QUALIFY',
  'ORDER BY',
  'INTERPOLATE',
  'LIMIT BY LIMIT',
  'LIMIT BY OFFSET',
  'LIMIT BY',
  'LIMIT',
  'OFFSET',
] as const;
export type ClauseName = (typeof clauseNames)[number];

/** Several SELECTs, joined by position: `UNION_ALL`, `UNION_DISTINCT`, `INTERSECT_ALL`, `EXCEPT_DISTINCT` … */
export interface UnionNode {
  readonly kind: 'union';
  readonly id: number;
  readonly cteName: string | null;
  readonly mode: string;
  /** Name of the table by which a recursive query reads itself. */
  readonly recursiveTable: string | null;
  readonly queries: readonly TreeNode[];
}

export interface TableNode {
  readonly kind: 'table';
  readonly id: number;
  /** As ClickHouse prints it, quoted where need be: `beat.views`. */
  readonly name: string;
  readonly final: boolean;
}

export interface TableFunctionNode {
  readonly kind: 'tableFunction';
  readonly id: number;
  readonly name: string;
  readonly arguments: readonly TreeNode[];
}

export interface ColumnNode {
  readonly kind: 'column';
  readonly id: number;
  readonly name: string;
  readonly type: string;
  /** The node it is a column of; null where ClickHouse tells none. */
  readonly source: number | null;
  /** What it stands for: in ARRAY JOIN, in USING, and for a computed column of a table. */
  readonly expression: TreeNode | null;
}

export interface FunctionNode {
  readonly kind: 'function';
  readonly id: number;
  readonly name: string;
  readonly functionType: string;
  /** Empty before analysis. */
  readonly type: string;
  readonly parameters: readonly TreeNode[];
  readonly arguments: readonly TreeNode[];
  readonly window: TreeNode | null;
}

export interface LambdaNode {
  readonly kind: 'lambda';
  readonly id: number;
  readonly arguments: readonly TreeNode[];
  readonly expression: TreeNode | null;
}

export interface ConstantNode {
  readonly kind: 'constant';
  readonly id: number;
  /** As ClickHouse dumps it: `UInt64_1`, `'text'`, `Tuple_('a', 'b')`. */
  readonly value: string;
  readonly type: string;
  /** What was folded to it. */
  readonly expression: TreeNode | null;
}

export interface ListNode {
  readonly kind: 'list';
  readonly id: number;
  readonly nodes: readonly TreeNode[];
}

export interface ArrayJoinNode {
  readonly kind: 'arrayJoin';
  readonly id: number;
  readonly table: TreeNode | null;
  readonly expressions: readonly TreeNode[];
}

export interface JoinNode {
  readonly kind: 'join';
  readonly id: number;
  /** `INNER`, `LEFT`, `RIGHT`, `FULL` … */
  readonly joinKind: string;
  /** `ALL`, `ANY`, `ASOF`, `SEMI`, `ANTI` … */
  readonly strictness: string;
  readonly left: TreeNode | null;
  readonly right: TreeNode | null;
  /** A condition, or for USING a list of columns. */
  readonly condition: TreeNode | null;
}

export interface CrossJoinNode {
  readonly kind: 'crossJoin';
  readonly id: number;
  readonly tables: readonly TreeNode[];
}

export interface WindowNode {
  readonly kind: 'window';
  readonly id: number;
  readonly nodes: readonly TreeNode[];
}

export interface SortNode {
  readonly kind: 'sort';
  readonly id: number;
  readonly nodes: readonly TreeNode[];
}

/** `INTERPOLATE (name as expression)`. */
export interface InterpolateNode {
  readonly kind: 'interpolate';
  readonly id: number;
  /** The output column whose gaps it fills. */
  readonly name: string;
  readonly expression: TreeNode | null;
}

/** A name that is not resolved: before analysis. */
export interface IdentifierNode {
  readonly kind: 'identifier';
  readonly id: number;
  readonly name: string;
}

/** `*`, `t.*` or `COLUMNS('…')`: before analysis. */
export interface MatcherNode {
  readonly kind: 'matcher';
  readonly id: number;
  /** `ASTERISK`, `COLUMNS_REGEXP`, `COLUMNS_LIST`. */
  readonly matcherType: string;
  /** Whether it is one of a single relation: `t.*`. */
  readonly qualified: boolean;
  readonly transformers: readonly TreeNode[];
}

/** EXCEPT, REPLACE or APPLY of a matcher. */
export interface TransformerNode {
  readonly kind: 'transformer';
  readonly id: number;
  readonly nodes: readonly TreeNode[];
}

/** The nodes directly below a node, in the order ClickHouse prints them. */
export function childrenOf(node: TreeNode): readonly TreeNode[] {
  switch (node.kind) {
    case 'query':
      return [...node.with, ...node.projection, ...given(node.from), ...node.clauses.flatMap(({ nodes }) => nodes)];
    case 'union':
      return node.queries;
    case 'tableFunction':
      return node.arguments;
    case 'column':
    case 'constant':
    case 'interpolate':
      return given(node.expression);
    case 'function':
      return [...node.parameters, ...node.arguments, ...given(node.window)];
    case 'lambda':
      return [...node.arguments, ...given(node.expression)];
    case 'arrayJoin':
      return [...given(node.table), ...node.expressions];
    case 'join':
      return [...given(node.left), ...given(node.right), ...given(node.condition)];
    case 'crossJoin':
      return node.tables;
    case 'list':
    case 'window':
    case 'sort':
    case 'transformer':
      return node.nodes;
    case 'matcher':
      return node.transformers;
    case 'table':
    case 'identifier':
      return [];
  }
}

/** The node and all below it, parents first. */
export function walkTree(root: TreeNode): readonly TreeNode[] {
  const nodes: TreeNode[] = [];
  const open = [root];
  for (let node = open.pop(); node; node = open.pop()) {
    nodes.push(node);
    open.push(...childrenOf(node).toReversed());
  }
  return nodes;
}

/** Names of the columns of a query, a union's being those of its first query. */
export function outputNames(node: TreeNode): readonly string[] {
  if (node.kind === 'union') return node.queries[0] ? outputNames(node.queries[0]) : [];
  return node.kind === 'query' ? (node.columns?.map(({ name }) => name) ?? []) : [];
}

/** An output column of a query or union, as `id:position`. */
export function slotOf(node: TreeNode, index: number): string {
  return `${node.id}:${index}`;
}

/** The members of lists among nodes, and the other nodes as they are. */
export function flatten(nodes: readonly TreeNode[]): readonly TreeNode[] {
  return nodes.flatMap((node) => (node.kind === 'list' ? node.nodes : [node]));
}

function given(node: TreeNode | null): readonly TreeNode[] {
  return node ? [node] : [];
}
