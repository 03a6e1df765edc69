import { join } from 'node:path';
import type { Manifest } from '../manifest/manifest.ts';
import { type ArtifactPlace, artifactWriter } from './artifact-writer.ts';
import { compiledPath } from './compiled-path.ts';
import { formatRunResults } from './format-run-results.ts';
import type { Invocation } from './invocation.ts';
import type { RanNodes } from './node-words.ts';
import type { RunResult } from './run-result.ts';
import { writeManifest } from './write-manifest.ts';

export interface ArtifactOptions extends ArtifactPlace {
  readonly args: Readonly<Record<string, unknown>>;
  readonly version: string;
}

/**
 * Writes manifest.json, run_results.json, and of the nodes that ran their SQL below compiled/ and their statements below run/. Each file is replaced in one step, so that
 * a reader and a crash find the old one or the new one, whole.
 */
export async function writeArtifacts(result: RunResult, manifest: Manifest, options: ArtifactOptions): Promise<void> {
  const invocation: Invocation = {
    id: result.runId,
    command: result.command,
    args: options.args,
    startedAt: result.startedAt,
    endedAt: new Date(result.startedAt.getTime() + result.durationMs),
    version: options.version,
  };
  const write = artifactWriter(manifest, options);
  await writeManifest(manifest, { invocation, ran: ranNodes(result), write });
  for (const { node: id, compiledSql, statements } of result.nodes) {
    const node = manifest.nodes.get(id);
    if (node?.kind !== 'model' && node?.kind !== 'test' && node?.kind !== 'seed') continue;
    const path = compiledPath(node);
    if (compiledSql !== null) await write(join('compiled', manifest.projectName, path), `${compiledSql}\n`);
    const ran = statements.flatMap(({ sql }) => (sql === null ? [] : [`${sql};\n`]));
    if (ran.length > 0) await write(join('run', manifest.projectName, path), ran.join('\n'));
  }
  await write('run_results.json', JSON.stringify(formatRunResults(result, manifest, invocation)));
}

function ranNodes({ nodes }: RunResult): RanNodes {
  return new Map(
    nodes.map(({ node, compiledSql, statements }) => [node, { compiledSql, hasStatements: statements.some(({ sql }) => sql !== null) }]),
  );
}
