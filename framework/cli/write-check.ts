import { join } from 'node:path';
import type { CheckArtifact } from '../check/check-artifact.ts';
import type { CheckedGraph } from '../check/checked-graph.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { relationSql } from '../manifest/relation.ts';
import { replaceFile } from '../run/replace-file.ts';

/** Writes `target/check.json`: the columns of every relation that is known, for a later check or diff to compare with. */
export async function writeCheck(manifest: Manifest, { relations }: CheckedGraph, checkedAt: Date): Promise<void> {
  const entries = [...relations].flatMap(([id, { columns }]): [string, CheckArtifact['relations'][string]][] => {
    const node = manifest.nodes.get(id);
    return node && 'relation' in node ? [[id, { relation: relationSql(node.relation), columns: [...columns] }]] : [];
  });
  const artifact: CheckArtifact = {
    version: 1,
    project: manifest.projectName,
    checked_at: checkedAt.toISOString(),
    relations: Object.fromEntries(entries),
  };
  await replaceFile(join(manifest.projectDir, 'target', 'check.json'), JSON.stringify(artifact));
}
