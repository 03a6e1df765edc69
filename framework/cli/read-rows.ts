import { text } from 'node:stream/consumers';
import type { Postgres } from '../connections/postgres.ts';
import type { Warehouse } from '../connections/warehouse.ts';
import { GccflowError } from '../foundation/error.ts';
import { quoteName } from '../foundation/quote.ts';
import type { Manifest, ModelNode, Node, SeedNode, SourceNode, SyncNode } from '../manifest/manifest.ts';
import { readsFinal } from '../manifest/reads-final.ts';
import { relationSql } from '../manifest/relation.ts';
import { renderSql } from '../manifest/render-sql.ts';
import { tableSql } from '../sync/table-name.ts';
import type { CommandContext } from './command.ts';
import { findNode } from './find-node.ts';
import type { Rows } from './format-rows.ts';
import { inlineError, nodeError } from './node-error.ts';
import { openTargetPostgres, openTargetWarehouse } from './open-connections.ts';
import type { OpenProject } from './open-project.ts';
import { renderInline } from './render-inline.ts';

export interface RowsRequest {
  readonly name: string | undefined;
  readonly inline: string | undefined;
  readonly limit: number;
}

/** The first rows of what is asked for; opens the one connection that takes. */
export async function readRows(
  { project, manifest }: OpenProject,
  { name, inline, limit }: RowsRequest,
  { log, signal }: Pick<CommandContext, 'log' | 'signal'>,
): Promise<Rows> {
  const node = name === undefined ? null : (findSync(name, manifest) ?? findNode(name, manifest, isShown));
  try {
    if (node?.kind === 'sync') {
      await using postgres = await openTargetPostgres(project, { threads: 1, log });
      return await readTable(postgres, node, { limit, sortedBy: sortingKey(manifest.nodes.get(node.from)) });
    }
    const sql = node === null ? renderInline(inline ?? '', manifest) : selectSql(node, manifest);
    await using warehouse = await openTargetWarehouse(project, { threads: 1, log, signal, waitLockMs: 0 });
    return await readQuery(warehouse, sql, limit, signal);
  } catch (thrown) {
    if (!(thrown instanceof GccflowError)) throw thrown;
    throw node === null ? inlineError(thrown, manifest) : nodeError(thrown, node, manifest);
  }
}

type Shown = SyncNode | ModelNode | SeedNode | SourceNode;

function isShown(node: Node): node is Shown {
  return node.kind === 'sync' || 'relation' in node;
}

/** A sync by its name, id or table; it comes before a model of the same name, because it is what readers see. */
function findSync(name: string, manifest: Manifest): SyncNode | undefined {
  const syncs = [...manifest.nodes.values()].filter((node) => node.kind === 'sync');
  const named = ({ id, sync }: SyncNode): boolean =>
    [id, sync.name, sync.to.table, `${sync.to.schema}.${sync.to.table}`].some((known) => known === name);
  return syncs.find(named);
}

function selectSql(node: Exclude<Shown, SyncNode>, manifest: Manifest): string {
  if (node.kind === 'model' && node.config.materialized === 'ephemeral') return renderSql(manifest, node, { incremental: false });
  return `select * from ${relationSql(node.relation)}${readsFinal(node) ? ' final' : ''}`;
}

/** ClickHouse renders each value itself, twice: as text for people and inside a JSON object. */
async function readQuery(warehouse: Warehouse, sql: string, limit: number, signal: AbortSignal): Promise<Rows> {
  const limited = `select * from (\n${sql}\n) limit ${limit}`;
  const settings = { output_format_json_quote_64bit_integers: 0, output_format_json_quote_decimals: 0 };
  const read = async (format: string): Promise<string[]> => {
    const stream = await warehouse.stream(limited, { format, settings, signal });
    return (await text(stream)).split('\n').filter((line) => line !== '');
  };
  const [names = '[]', types = '[]', ...rows] = await read('JSONCompactStringsEachRowWithNamesAndTypes');
  const json = await read('JSONEachRow');
  const typeOf = JSON.parse(types) as string[];
  return {
    columns: (JSON.parse(names) as string[]).map((name, index) => ({
      name,
      isNumber: /^(Nullable\()?(U?Int|Float|Decimal)/.test(typeOf[index] ?? ''),
    })),
    rows: rows.map((row) => (JSON.parse(row) as string[]).map((cell) => (cell === 'ᴺᵁᴸᴸ' ? null : cell))),
    json,
  };
}

interface TableOptions {
  readonly limit: number;
  readonly sortedBy: readonly string[];
}

/** The columns a model's table is sorted by, as far as its sorting key is made of plain names. */
function sortingKey(from: Node | undefined): readonly string[] {
  const key = from?.kind === 'model' ? (from.config.order_by ?? '') : '';
  const names = key.replace(/^\(([\s\S]*)\)$/, '$1').split(',');
  return names.map((name) => name.trim()).filter((name) => /^\w+$/.test(name));
}

/** Rows in the order of the exported relation, then of the primary key: PostgreSQL keeps none, and parts are loaded side by side. */
async function readTable(postgres: Postgres, { sync }: SyncNode, { limit, sortedBy }: TableOptions): Promise<Rows> {
  const table = tableSql(sync.to);
  const columns = await postgres.query<{ name: string; type: string }>(
    `select attname as name, typcategory as type from pg_attribute join pg_type on pg_type.oid = atttypid
     where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attnum`,
    [table],
  );
  const texts = columns.map(({ name }) => `shown.${quoteName(name, 'postgres')}::text`).join(', ');
  const keys = [...sortedBy, ...sync.primary_key].filter((key) => columns.some(({ name }) => name === key));
  const order = keys.length === 0 ? '' : ` order by ${keys.map((key) => quoteName(key, 'postgres')).join(', ')}`;
  const rows = await postgres.query<{ cells: (string | null)[]; json: string }>(
    `select array[${texts}]::text[] as cells, row_to_json(shown)::text as json from (select * from ${table}${order} limit $1) as shown`,
    [limit],
  );
  return {
    columns: columns.map(({ name, type }) => ({ name, isNumber: type === 'N' })),
    rows: rows.map(({ cells }) => cells),
    json: rows.map(({ json }) => json),
  };
}
