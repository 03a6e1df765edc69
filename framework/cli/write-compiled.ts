import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Manifest, ModelNode, TestNode } from '../manifest/manifest.ts';
import { compiledPath } from '../run/compiled-path.ts';

/** Writes compiled SQL below `target/compiled/`, where a run leaves it too. */
export function writeCompiled(
  { projectDir, projectName }: Manifest,
  compiled: readonly { readonly node: ModelNode | TestNode; readonly sql: string }[],
  redact: (text: string) => string,
): void {
  for (const { node, sql } of compiled) {
    const path = join(projectDir, 'target', 'compiled', projectName, compiledPath(node));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, redact(`${sql}\n`));
  }
}
