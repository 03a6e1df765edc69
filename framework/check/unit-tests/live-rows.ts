import type { Warehouse } from '../../connections/warehouse.ts';
import { quoteName } from '../../foundation/quote.ts';
import type { Manifest, ModelNode, NodeId, SeedNode, SourceNode } from '../../manifest/manifest.ts';
import { readsFinal } from '../../manifest/reads-final.ts';
import { relationSql } from '../../manifest/relation.ts';
import { renderSql } from '../../manifest/render-sql.ts';
import type { TypedColumn } from '../checked-graph.ts';
import { sqlTokens } from '../sql-tokens.ts';

type RelationNode = SourceNode | SeedNode | ModelNode;

/** Rows of a relation as they are in the warehouse. */
export interface LiveRows {
  readonly node: RelationNode;
  /** All columns of the relation. */
  readonly columns: readonly TypedColumn[];
  /** Those that the model's SQL names. */
  readonly names: readonly string[];
  /** Values as JSON, with all digits, in the order of `names`. */
  readonly rows: readonly (readonly string[])[];
}

/**
 * Rows of all that a model reads: the first `count` by its sorting key of the first relation that its SQL names, and of the others those
 * with the same key, where they share a column that is one.
 */
export async function readLiveRows(
  model: ModelNode,
  { manifest, warehouse, count }: { readonly manifest: Manifest; readonly warehouse: Pick<Warehouse, 'query'>; readonly count: number },
): Promise<readonly LiveRows[]> {
  const words = new Set(sqlTokens(renderSql(manifest, model, { incremental: false })).map(({ value }) => value));
  const read: LiveRows[] = [];
  for (const node of relationsOf(model, manifest)) {
    const columns = await warehouse.query<TypedColumn>(`describe table ${relationSql(node.relation)}`);
    const used = columns.filter(({ name }) => words.has(name));
    const names = (used.length > 0 ? used : columns).map(({ name }) => name);
    const key = read[0] && sharedKey(read[0], node, columns);
    const filter = key === undefined ? '' : ` where toString(${quoteName(key, 'clickhouse')}) in {keys:Array(String)}`;
    const params = key === undefined ? {} : { keys: valuesOf(read[0], key) };
    const from = `${relationSql(node.relation)}${readsFinal(node) ? ' final' : ''}`;
    const limit = key === undefined ? count : count * 4;
    const sql = `select [${names.map((name) => `toJSONString(${quoteName(name, 'clickhouse')})`).join(', ')}] as cells from ${from}${filter}${orderOf(node)} limit ${limit}`;
    const rows = await warehouse.query<{ cells: string[] }>(sql, { params, settings: jsonSettings });
    read.push({ node, columns: columns.map(({ name, type }) => ({ name, type })), names, rows: rows.map(({ cells }) => cells) });
  }
  return read;
}

/** How values are written as JSON: no number loses a digit, and none that JSON lacks becomes null. */
export const jsonSettings = { output_format_json_quote_64bit_integers: 0, output_format_json_quote_denormals: 1 } as const;

/** What the model's SQL reads, in the order it is named; of ephemeral models what those read. Seeds come last: most are looked up in. */
function relationsOf(model: ModelNode, { nodes, parents }: Manifest): readonly RelationNode[] {
  const found = new Map<NodeId, RelationNode>();
  const add = (id: NodeId): void => {
    for (const parent of parents.get(id) ?? []) {
      const node = nodes.get(parent);
      if (!node || !('relation' in node) || found.has(parent)) continue;
      if (node.kind === 'model' && node.config.materialized === 'ephemeral') add(parent);
      else found.set(parent, node);
    }
  };
  add(model.id);
  return [...found.values()].toSorted((a, b) => Number(a.kind === 'seed') - Number(b.kind === 'seed'));
}

/** A column of both that identifies something: part of the second's sorting or unique key, else one called `id` or `…_id`. */
function sharedKey({ names }: LiveRows, node: RelationNode, columns: readonly TypedColumn[]): string | undefined {
  const shared = columns.map(({ name }) => name).filter((name) => names.includes(name));
  const keys = 'config' in node ? [...node.config.unique_key, ...sqlTokens(node.config.order_by ?? '').map(({ value }) => value)] : [];
  return shared.find((name) => keys.includes(name)) ?? shared.find((name) => /(^|_)id$/.test(name));
}

function valuesOf(first: LiveRows | undefined, key: string): readonly string[] {
  const index = first?.names.indexOf(key) ?? -1;
  const cells = first?.rows.map((row) => row[index] ?? 'null') ?? [];
  return [...new Set(cells)].map((cell) => (cell.startsWith('"') ? String(JSON.parse(cell)) : cell));
}

function orderOf(node: RelationNode): string {
  const key = 'config' in node ? node.config.order_by : null;
  return key === null || key === 'tuple()' ? '' : ` order by ${key}`;
}
