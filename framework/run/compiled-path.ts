import { join } from 'node:path/posix';
import type { ModelNode, SeedNode, TestNode } from '../manifest/manifest.ts';

/** Where dbt puts a node's compiled SQL: at its own file's path, a generic test below the file that declares it. */
export function compiledPath(node: ModelNode | SeedNode | TestNode): string {
  if (node.kind === 'seed') return `${node.file}.sql`;
  if (node.kind === 'model' || node.testType === 'singular') return node.file;
  return join(node.file, `${node.name.replaceAll(/[\\/:]/g, '_')}.sql`);
}
