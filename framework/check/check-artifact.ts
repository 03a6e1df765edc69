import { z } from 'zod';

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
