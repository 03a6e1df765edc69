import { join } from 'node:path';
import { renderSql } from '../manifest/render-sql.ts';
import { artifactWriter } from '../run/artifact-writer.ts';
import type { Catalog, CatalogNode } from '../run/catalog.ts';
import { formatCatalog } from '../run/format-catalog.ts';
import { readCatalog } from '../run/read-catalog.ts';
import type { CommandContext } from './command.ts';
import { openTargetWarehouse } from './open-connections.ts';
import type { OpenProject } from './open-project.ts';
import { writeCompiled } from './write-compiled.ts';

export interface DocsRequest {
  /** The nodes whose relations are looked up. */
  readonly nodes: readonly CatalogNode[];
  readonly waitLockMs: number;
}

export interface GeneratedDocs {
  readonly catalog: Catalog;
  /** As it is written. */
  readonly file: ReturnType<typeof formatCatalog>;
}

/** Writes manifest.json with all SQL compiled, as a first build would run it, and catalog.json of what stands in the warehouse. */
export async function generateDocs(
  { project, manifest }: OpenProject,
  { nodes, waitLockMs }: DocsRequest,
  context: CommandContext,
): Promise<GeneratedDocs> {
  const { log, signal, secrets } = context;
  await using warehouse = await openTargetWarehouse(project, { threads: 2, log, signal, waitLockMs });
  const catalog = await readCatalog(nodes, { warehouse, signal });
  const compiled = [...manifest.nodes.values()]
    .filter((node) => node.kind === 'model' || node.kind === 'test')
    .map((node) => ({ node, sql: renderSql(manifest, node, { incremental: false }) }));
  const invocation = await writeCompiled(manifest, compiled, 'docs generate', context);
  const file = formatCatalog(catalog, manifest, invocation);
  const write = artifactWriter(manifest, { targetDir: join(project.dir, 'target'), redact: (text) => secrets.redact(text) });
  await write('catalog.json', JSON.stringify(file));
  return { catalog, file };
}
