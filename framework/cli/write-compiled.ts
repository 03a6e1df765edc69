import { join } from 'node:path';
import type { Manifest, ModelNode, TestNode } from '../manifest/manifest.ts';
import { artifactWriter } from '../run/artifact-writer.ts';
import { compiledPath } from '../run/compiled-path.ts';
import type { Invocation } from '../run/invocation.ts';
import { newId } from '../run/new-id.ts';
import { writeManifest } from '../run/write-manifest.ts';
import type { CommandContext } from './command.ts';
import { readVersion } from './read-version.ts';

export interface CompiledNode {
  readonly node: ModelNode | TestNode;
  readonly sql: string;
}

/** Writes compiled SQL below `target/compiled/`, where a run leaves it too, and manifest.json with it. Gives back what the manifest says of the call. */
export async function writeCompiled(
  manifest: Manifest,
  compiled: readonly CompiledNode[],
  command: string,
  { clock, secrets }: Pick<CommandContext, 'clock' | 'secrets'>,
): Promise<Invocation> {
  const now = clock.now();
  const invocation: Invocation = { id: newId(clock), command, args: {}, startedAt: now, endedAt: now, version: readVersion() };
  const write = artifactWriter(manifest, { targetDir: join(manifest.projectDir, 'target'), redact: (text) => secrets.redact(text) });
  for (const { node, sql } of compiled) await write(join('compiled', manifest.projectName, compiledPath(node)), `${sql}\n`);
  const ran = new Map(compiled.map(({ node, sql }) => [node.id, { compiledSql: sql, hasStatements: false }]));
  await writeManifest(manifest, { invocation, ran, write });
  return invocation;
}
