import type { WarehouseSettings } from '../../connections/warehouse.ts';
import type { EngineStatement } from '../check-engine.ts';
import { type Clause, type ClauseName, clauseNames, flatten, type QueryNode, type TreeNode } from './query-tree.ts';
import { type OutlineNode, readOutline, TreeNotUnderstood } from './read-outline.ts';
import { splitColumns } from './split-columns.ts';

/**
 * The statement that makes ClickHouse tell how it understands a query. One pass resolves names and types; the later ones rewrite for speed, and some of them
 * lose columns: `count(x)` becomes `count()`. A scalar subquery of many values would be put away under a number, and its columns with it.
 */
export function explainQueryTree(sql: string, settings: WarehouseSettings = {}): EngineStatement {
  const hasSubquery = /\(\s*(?:select|with)\b/i.test(sql);
  const kept = hasSubquery ? { ...settings, enable_scalar_subquery_optimization: 0 } : settings;
  return { sql: `explain query tree run_passes = 1, passes = 1 ${sql}`, settings: kept };
}

/** The same before names are resolved: `*` is still there, and every CTE, read or not. */
export function explainRawTree(sql: string, settings: WarehouseSettings = {}): EngineStatement {
  return { sql: `explain query tree run_passes = 0 ${sql}`, settings };
}

/** The tree in the rows of an answer. Throws TreeNotUnderstood where it holds what this version of ClickHouse says in another way. */
export function parseQueryTree(rows: readonly (readonly unknown[])[]): TreeNode {
  return build(readOutline(rows.flatMap(([text]) => String(text).split('\n'))));
}

const text = '([\\s\\S]*?)';
const alias = `(?:alias: ${text}, )?`;
const patterns = {
  table: new RegExp(`^${alias}table_name: ${text}(?:, temporary_table_name: ${text})?(?:, final: (\\d))?(?:, sample_size: [\\s\\S]*)?$`),
  tableFunction: new RegExp(`^${alias}table_function_name: (\\w+)`),
  column: new RegExp(`^${alias}column_name: ([\\s\\S]*), result_type: ${text}(?:, source_id: (\\d+))?$`),
  function: new RegExp(`^${alias}function_name: ${text}, function_type: ([^,]+)(?:, nulls_action : [^,]+)?(?:, result_type: ${text})?$`),
  constant: new RegExp(`^${alias}constant_value: ([\\s\\S]*), constant_value_type: ${text}$`),
  cte: new RegExp(`(?:^|, )cte_name: ${text}(?:, union_mode: \\w+)?$`),
  union: /(?:^|, )union_mode: (\w+)$/,
  recursive: /(?:^|, )recursive_cte_table: ([^,]*?)(?: \([0-9a-f-]+\))?(?:,|$)/,
  join: /strictness: (\w+), kind: (\w+)$/,
  identifier: new RegExp(`^${alias}identifier: ([\\s\\S]*)$`),
  matcher: /^(?:alias: [\s\S]*?, )?matcher_type: (\w+)/,
};

function build(node: OutlineNode): TreeNode {
  const { id } = node;
  switch (node.head) {
    case 'QUERY':
      return buildQuery(node);
    case 'UNION': {
      const [, mode = ''] = match(node, 'union');
      const recursive = patterns.recursive.exec(node.attributes)?.[1]?.replaceAll('`', '');
      return { kind: 'union', id, cteName: cteName(node), mode, recursiveTable: recursive ?? null, queries: members(node, 'QUERIES') };
    }
    case 'TABLE': {
      const [, , name = '', , final] = match(node, 'table');
      return { kind: 'table', id, name, final: final === '1' };
    }
    case 'TABLE_FUNCTION': {
      const [, , name = ''] = match(node, 'tableFunction');
      return { kind: 'tableFunction', id, name, arguments: members(node, 'ARGUMENTS') };
    }
    case 'COLUMN': {
      const [, , name = '', type = '', source] = match(node, 'column');
      return { kind: 'column', id, name, type, source: source === undefined ? null : Number(source), expression: only(node, 'EXPRESSION') };
    }
    case 'FUNCTION': {
      const [, , name = '', functionType = '', type = ''] = match(node, 'function');
      const [parameters, given] = [members(node, 'PARAMETERS'), members(node, 'ARGUMENTS')];
      return { kind: 'function', id, name, functionType, type, parameters, arguments: given, window: only(node, 'WINDOW') };
    }
    case 'LAMBDA':
      return { kind: 'lambda', id, arguments: members(node, 'ARGUMENTS'), expression: only(node, 'EXPRESSION') };
    case 'CONSTANT': {
      const [, , value = '', type = ''] = match(node, 'constant');
      return { kind: 'constant', id, value, type, expression: only(node, 'EXPRESSION') };
    }
    case 'LIST':
      return { kind: 'list', id, nodes: node.nodes.map(build) };
    case 'ARRAY_JOIN':
      return { kind: 'arrayJoin', id, table: only(node, 'TABLE EXPRESSION'), expressions: members(node, 'JOIN EXPRESSIONS') };
    case 'JOIN': {
      const [, strictness = '', joinKind = ''] = match(node, 'join');
      const [left, right] = [only(node, 'LEFT TABLE EXPRESSION'), only(node, 'RIGHT TABLE EXPRESSION')];
      return { kind: 'join', id, joinKind, strictness, left, right, condition: only(node, 'JOIN EXPRESSION') };
    }
    case 'CROSS JOIN':
      return { kind: 'crossJoin', id, tables: inSections(node) };
    case 'WINDOW':
      return { kind: 'window', id, nodes: inSections(node) };
    case 'SORT':
      return { kind: 'sort', id, nodes: inSections(node) };
    case 'INTERPOLATE':
      return { kind: 'interpolate', id, name: node.sections[0]?.text ?? '', expression: only(node, 'INTERPOLATE_EXPRESSION') };
    case 'IDENTIFIER': {
      const [, , name = ''] = match(node, 'identifier');
      return { kind: 'identifier', id, name };
    }
    case 'MATCHER': {
      const [, matcherType = ''] = match(node, 'matcher');
      const qualified = /, qualified_identifier: /.test(node.attributes);
      return { kind: 'matcher', id, matcherType, qualified, transformers: node.nodes.flatMap((list) => list.nodes.map(build)) };
    }
    case 'EXCEPT COLUMN TRANSFORMER':
    case 'REPLACE COLUMN TRANSFORMER':
    case 'APPLY COLUMN TRANSFORMER':
      return { kind: 'transformer', id, nodes: inSections(node) };
    default:
      throw new TreeNotUnderstood(`a node '${node.head}'`);
  }
}

function buildQuery(node: OutlineNode): QueryNode {
  const projection = members(node, 'PROJECTION');
  const listed = node.sections.find(({ name }) => name === 'PROJECTION COLUMNS');
  const clauses: Clause[] = [];
  for (const { name, nodes } of node.sections) {
    if (isClause(name)) clauses.push({ name, nodes: nodes.map(build) });
  }
  return {
    kind: 'query',
    id: node.id,
    cteName: cteName(node),
    with: members(node, 'WITH'),
    columns: listed ? splitColumns(listed, projection) : null,
    projection,
    from: only(node, 'JOIN TREE'),
    clauses,
  };
}

/** The nodes of a section; those of its list where it holds one. */
function members(node: OutlineNode, section: string): readonly TreeNode[] {
  return flatten(node.sections.filter(({ name }) => name === section).flatMap(({ nodes }) => nodes.map(build)));
}

function only(node: OutlineNode, section: string): TreeNode | null {
  const [first] = node.sections.find(({ name }) => name === section)?.nodes ?? [];
  return first ? build(first) : null;
}

function inSections(node: OutlineNode): readonly TreeNode[] {
  return node.sections.flatMap(({ nodes }) => nodes.map(build));
}

function cteName(node: OutlineNode): string | null {
  return patterns.cte.exec(node.attributes)?.[1] ?? null;
}

function isClause(name: string): name is ClauseName {
  return (clauseNames as readonly string[]).includes(name);
}

function match(node: OutlineNode, pattern: keyof typeof patterns): RegExpExecArray {
  const found = patterns[pattern].exec(node.attributes);
  if (!found) throw new TreeNotUnderstood(`a node '${node.head}' with other attributes`);
  return found;
}
