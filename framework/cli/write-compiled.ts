import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Manifest, ModelNode, TestNode } from '../manifest/manifest.ts';

/** Writes compiled SQL where dbt does: `target/compiled/{project}/{the node's file}`; a generic test below the file that declares it. */
export function writeCompiled(
  { projectDir, projectName }: Manifest,
  compiled: readonly { readonly node: ModelNode | TestNode; readonly sql: string }[],
): void {
  for (const { node, sql } of compiled) {
    const path = join(projectDir, 'target', 'compiled', projectName, compiledPath(node));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${sql}\n`);
  }
}

function compiledPath(node: ModelNode | TestNode): string {
  if (node.kind === 'model' || node.testType === 'singular') return node.file;
  return join(dirname(node.file), basename(node.file), `${node.name.replaceAll(/[\\/:]/g, '_')}.sql`);
}
