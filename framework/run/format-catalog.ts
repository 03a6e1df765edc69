import type { Manifest } from '../manifest/manifest.ts';
import { type Catalog, type CatalogNode, type CatalogTable, catalogNodes } from './catalog.ts';
import { artifactMetadata, type Invocation } from './invocation.ts';
import { uniqueId } from './unique-id.ts';

/** catalog.json in dbt's schema, version 1. Relations that are not built are left out, as dbt leaves them out. */
export function formatCatalog({ tables }: Catalog, manifest: Manifest, invocation: Invocation) {
  const entries = catalogNodes(manifest).flatMap((node) => {
    const table = tables.get(node.id);
    return table ? [{ kind: node.kind, entry: formatTable(node, table, uniqueId(node, manifest)) }] : [];
  });
  const byUniqueId = (of: typeof entries) => Object.fromEntries(of.map(({ entry }) => [entry.unique_id, entry]));
  return {
    metadata: artifactMetadata('catalog/v1', invocation),
    nodes: byUniqueId(entries.filter(({ kind }) => kind !== 'source')),
    sources: byUniqueId(entries.filter(({ kind }) => kind === 'source')),
    errors: null,
  };
}

function formatTable({ relation }: CatalogNode, { kind, comment, columns, ...counted }: CatalogTable, id: string) {
  return {
    unique_id: id,
    metadata: { type: kind, schema: relation.database, name: relation.name, database: '', comment: comment || null, owner: null },
    columns: Object.fromEntries(
      columns.map(({ name, type, position, comment: said }) => [name, { type, index: position, name, comment: said || null }]),
    ),
    stats: formatStats(counted),
  };
}

function formatStats({ engine, rows, bytes }: Pick<CatalogTable, 'engine' | 'rows' | 'bytes'>) {
  const stats = [
    { id: 'engine', label: 'Engine', value: engine, description: 'Table engine of ClickHouse.' },
    ...(rows === null ? [] : [{ id: 'num_rows', label: 'Rows', value: rows, description: 'Rows in the active parts.' }]),
    ...(bytes === null ? [] : [{ id: 'num_bytes', label: 'Bytes', value: bytes, description: 'Size on disk, or in memory.' }]),
  ];
  const hasStats = { id: 'has_stats', label: 'Has stats?', value: true, include: false, description: null };
  return Object.fromEntries([hasStats, ...stats.map((stat) => ({ ...stat, include: true }))].map((stat) => [stat.id, stat]));
}
