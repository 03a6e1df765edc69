import { join } from 'node:path';
import type { Manifest, ModelNode, TestNode } from '../manifest/manifest.ts';
import { renderSql } from '../manifest/render-sql.ts';
import { artifactWriter } from '../run/artifact-writer.ts';
import type { Catalog, CatalogNode } from '../run/catalog.ts';
import { compiledPath } from '../run/compiled-path.ts';
import { formatCatalog } from '../run/format-catalog.ts';
import { formatManifest } from '../run/format-manifest.ts';
import type { Invocation } from '../run/invocation.ts';
import { newId } from '../run/new-id.ts';
import { readCatalog } from '../run/read-catalog.ts';
import type { CommandContext } from './command.ts';
import { openTargetWarehouse } from './open-connections.ts';
import type { OpenProject } from './open-project.ts';
import { readVersion } from './read-version.ts';

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

/** Writes manifest.json with all SQL compiled, compiled/, and catalog.json of what stands in the warehouse. */
export async function generateDocs(
  { project, manifest }: OpenProject,
  { nodes, waitLockMs }: DocsRequest,
  { clock, log, signal, secrets }: CommandContext,
): Promise<GeneratedDocs> {
  const startedAt = clock.now();
  await using warehouse = await openTargetWarehouse(project, { threads: 2, log, signal, waitLockMs });
  const catalog = await readCatalog(nodes, { warehouse, signal });
  const invocation: Invocation = {
    id: newId(clock),
    command: 'docs generate',
    args: {},
    startedAt,
    endedAt: clock.now(),
    version: readVersion(),
  };
  const write = artifactWriter(manifest, { targetDir: join(project.dir, 'target'), redact: (text) => secrets.redact(text) });
  const compiled = compileAll(manifest);
  for (const { node, sql } of compiled) await write(join('compiled', manifest.projectName, compiledPath(node)), `${sql}\n`);
  const ran = new Map(compiled.map(({ node, sql }) => [node.id, { compiledSql: sql, hasStatements: false }]));
  await write('manifest.json', JSON.stringify(formatManifest(manifest, invocation, ran)));
  const file = formatCatalog(catalog, manifest, invocation);
  await write('catalog.json', JSON.stringify(file));
  return { catalog, file };
}

/** The SQL of every model and test, as a first build would run it. */
function compileAll(manifest: Manifest): { readonly node: ModelNode | TestNode; readonly sql: string }[] {
  return [...manifest.nodes.values()]
    .filter((node) => node.kind === 'model' || node.kind === 'test')
    .map((node) => ({ node, sql: renderSql(manifest, node, { incremental: false }) }));
}
