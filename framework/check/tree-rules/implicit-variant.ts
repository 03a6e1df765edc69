import { outputNames, type TreeNode, walkTree } from '../lineage/query-tree.ts';
import { isToken, type SqlToken } from '../sql-tokens.ts';
import type { TreeMark, TreeRule } from './tree-rule.ts';

/** Functions that make one type of several, and how they may be written. */
const common: Readonly<Record<string, readonly string[]>> = {
  if: ['if', '?'],
  multiIf: ['multiif', 'case'],
  caseWithExpression: ['case'],
  caseWithoutExpression: ['case'],
  array: ['[', 'array'],
  map: ['map', '{'],
  coalesce: ['coalesce'],
  ifNull: ['ifnull'],
  transform: ['transform'],
};

/** ClickHouse makes a Variant of types that have nothing in common where other engines refuse. */
export const implicitVariant: TreeRule = {
  summary: 'No type becomes a Variant unless a CAST says so.',
  hint: 'Cast the values to one type, or to the Variant that is meant.',
  marksOf({ tree, tokens }) {
    const nodes = walkTree(tree);
    const seen = new Map(nodes.map((node) => [node.id, node]));
    return [...seen.values()].flatMap((node): readonly TreeMark[] => {
      if (node.kind === 'function') return markOfFunction(node.name, node.type, node.arguments, tokens);
      if (node.kind === 'constant' && !node.expression && isVariant(node.type)) return [markOf(['[', '(', '{'], node.type, tokens)];
      return node.kind === 'union' ? marksOfUnion(node, nodes, tokens) : [];
    });
  },
};

function markOfFunction(name: string, type: string, given: readonly TreeNode[], tokens: readonly SqlToken[]): readonly TreeMark[] {
  const written = common[name];
  if (!written || !isVariant(type) || given.some((argument) => isVariant(typeOf(argument)))) return [];
  return [markOf(written, type, tokens)];
}

function marksOfUnion(union: TreeNode, nodes: readonly TreeNode[], tokens: readonly SqlToken[]): readonly TreeMark[] {
  if (union.kind !== 'union') return [];
  return outputNames(union).flatMap((name, index) => {
    const types = [...new Set(union.queries.flatMap((query) => (query.kind === 'query' ? (query.columns?.[index]?.type ?? []) : [])))];
    const reader = nodes.find((node) => node.kind === 'column' && node.source === union.id && node.name === name);
    const becomes = reader?.kind === 'column' ? reader.type : null;
    if (types.some(isVariant) || !(becomes === null ? haveNothingInCommon(types) : isVariant(becomes))) return [];
    const offset = tokens.find((token) => isToken(token, 'union'))?.start ?? 0;
    return [
      {
        offset,
        message: `has a UNION in which '${name}' is ${types.join(' and ')}, and ClickHouse makes ${becomes ?? 'a Variant'} of them`,
      },
    ];
  });
}

/** Of a union that nothing reads the tree does not tell the type: numbers have one in common, and so have texts, and so have times. */
function haveNothingInCommon(types: readonly string[]): boolean {
  const families = new Set(types.map((type) => familyOf(bare(type))).filter((family) => family !== 'Nothing'));
  return families.size > 1;
}

function familyOf(type: string): string {
  if (/^(U?Int\d+|Float\d+|BFloat16|Decimal.*|Bool)$/.test(type)) return 'number';
  if (/^(String|FixedString.*)$/.test(type)) return 'text';
  return /^Date/.test(type) ? 'time' : type.replace(/\(.*$/s, '');
}

function bare(type: string): string {
  const inner = /^(?:LowCardinality|Nullable)\((.*)\)$/s.exec(type)?.[1];
  return inner === undefined ? type : bare(inner);
}

function markOf(written: readonly string[], type: string, tokens: readonly SqlToken[]): TreeMark {
  const token = tokens.find((candidate) => isToken(candidate, ...written));
  const what = token?.kind === 'word' ? `'${token.text}'` : 'a list';
  return { offset: token?.start ?? 0, message: `gives ${what} values without a type in common, and ClickHouse makes ${type} of them` };
}

function isVariant(type: string): boolean {
  return /\bVariant\(/.test(type);
}

function typeOf(node: TreeNode): string {
  return node.kind === 'column' || node.kind === 'function' || node.kind === 'constant' ? node.type : '';
}
