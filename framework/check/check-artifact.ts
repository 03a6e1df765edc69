import { z } from 'zod';

/**
 * `target/check.json`: the columns that the last check found, by node, and where each column comes from. What `--state` compares with.
 * Lineage of a column: the columns of sources and seeds it derives from, as `source.beat.post.views`; absent where it is not known.
 */
export const CheckArtifact = z.object({
  version: z.literal(1),
  project: z.string(),
  checked_at: z.string(),
  relations: z.record(
    z.string().describe('Node id, e.g. model.mart_post.'),
    z.object({
      relation: z.string().describe('The name in ClickHouse, quoted.'),
      columns: z.array(z.object({ name: z.string(), type: z.string(), derives_from: z.array(z.string()).optional() })),
      reads: z
        .record(z.string(), z.array(z.string()))
        .optional()
        .describe('By node id, the columns that its SQL names or that a `*` of it covers; absent where that is not known.'),
    }),
  ),
});
export type CheckArtifact = z.infer<typeof CheckArtifact>;
