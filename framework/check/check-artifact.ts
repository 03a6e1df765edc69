import { z } from 'zod';
import type { Manifest, NodeId } from '../manifest/manifest.ts';
import { relationSql } from '../manifest/relation.ts';
import type { CheckedGraph } from './checked-graph.ts';

/** `target/check.json`: the columns that a check found, by node. What `--state` compares with. */
export const CheckArtifact = z.object({
  version: z.literal(1),
  project: z.string(),
  checked_at: z.string(),
  relations: z.record(
    z.string().describe('Node id, e.g. model.mart_post.'),
    z.object({
      relation: z.string().describe('The name in ClickHouse, quoted.'),
      columns: z.array(z.object({ name: z.string(), type: z.string() })),
    }),
  ),
});
export type CheckArtifact = z.infer<typeof CheckArtifact>;

export function checkArtifact(manifest: Manifest, { relations }: CheckedGraph, checkedAt: Date): CheckArtifact {
  const entryOf = (id: NodeId): string => {
    const node = manifest.nodes.get(id);
    return node && 'relation' in node ? relationSql(node.relation) : '';
  };
  return {
    version: 1,
    project: manifest.projectName,
    checked_at: checkedAt.toISOString(),
    relations: Object.fromEntries([...relations].map(([id, { columns }]) => [id, { relation: entryOf(id), columns: [...columns] }])),
  };
}
