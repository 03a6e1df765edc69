import { z } from 'zod';

/**
 * What consumers of dbt's artifacts read: Cosmos (the graph and where files are), OpenLineage (compiled SQL, tests, run results) and
 * DataHub (relations, columns, owners, catalog, freshness). Narrower than dbt's schemas: what these tools need is not left out or null.
 */
const consumedColumn = z.object({
  name: z.string(),
  data_type: z.string().nullable(),
  description: z.string(),
  meta: z.object(),
  tags: z.array(z.string()),
});

const consumedNode = z.object({
  unique_id: z.string(),
  resource_type: z.enum(['model', 'seed', 'test']),
  name: z.string(),
  alias: z.string(),
  package_name: z.string(),
  database: z.string(),
  schema: z.string().min(1),
  fqn: z.array(z.string()).min(2),
  original_file_path: z.string(),
  tags: z.array(z.string()),
  description: z.string(),
  meta: z.object(),
  config: z.object({ materialized: z.string(), enabled: z.boolean(), tags: z.array(z.string()), meta: z.object() }),
  raw_code: z.string(),
  compiled: z.boolean().optional(),
  compiled_code: z.string().nullish(),
  columns: z.record(z.string(), consumedColumn),
  depends_on: z.object({ macros: z.array(z.string()), nodes: z.array(z.string()).optional() }),
  test_metadata: z.object({ name: z.string(), kwargs: z.object({ column_name: z.string().nullable() }) }).optional(),
  attached_node: z.string().nullish(),
});

const metadata = (file: string) =>
  z.object({
    dbt_schema_version: z.literal(`https://schemas.getdbt.com/dbt/${file}.json`),
    dbt_version: z.string().regex(/^\d+\.\d+\.\d+/),
    generated_at: z.iso.datetime(),
    invocation_id: z.string(),
  });

const edges = z.record(z.string(), z.array(z.string()));

export const ConsumedManifest = z.object({
  metadata: metadata('manifest/v12').extend({ project_name: z.string(), adapter_type: z.literal('clickhouse') }),
  nodes: z.record(z.string(), consumedNode),
  sources: z.record(
    z.string(),
    z.object({
      unique_id: z.string(),
      resource_type: z.literal('source'),
      source_name: z.string(),
      name: z.string(),
      identifier: z.string(),
      database: z.string(),
      schema: z.string().min(1),
      relation_name: z.string(),
      original_file_path: z.string(),
      columns: z.record(z.string(), consumedColumn),
    }),
  ),
  exposures: z.record(
    z.string(),
    z.object({
      unique_id: z.string(),
      name: z.string(),
      type: z.string(),
      owner: z.object(),
      depends_on: z.object({ nodes: z.array(z.string()) }),
    }),
  ),
  parent_map: edges,
  child_map: edges,
});

export const ConsumedRunResults = z.object({
  metadata: metadata('run-results/v6'),
  args: z.object({ which: z.string() }),
  elapsed_time: z.number(),
  results: z.array(
    z.object({
      unique_id: z.string(),
      status: z.string(),
      timing: z.array(z.object({ name: z.string(), started_at: z.iso.datetime(), completed_at: z.iso.datetime() })),
      execution_time: z.number(),
      message: z.string().nullable(),
      adapter_response: z.object({ query_ids: z.array(z.string()) }),
    }),
  ),
});

const catalogTable = z.object({
  unique_id: z.string(),
  metadata: z.object({ type: z.string(), schema: z.string(), name: z.string(), database: z.string(), comment: z.string().nullable() }),
  columns: z.record(
    z.string(),
    z.object({ name: z.string(), type: z.string(), index: z.int().positive(), comment: z.string().nullable() }),
  ),
  stats: z.record(z.string(), z.object({ id: z.string(), label: z.string(), include: z.boolean() })),
});

export const ConsumedCatalog = z.object({
  metadata: metadata('catalog/v1'),
  nodes: z.record(z.string(), catalogTable),
  sources: z.record(z.string(), catalogTable),
});

export const ConsumedSources = z.object({
  metadata: metadata('sources/v3'),
  results: z.array(
    z.union([
      z.object({ unique_id: z.string(), status: z.literal('runtime error'), error: z.string() }),
      z.object({
        unique_id: z.string(),
        status: z.enum(['pass', 'warn', 'error']),
        max_loaded_at: z.iso.datetime(),
        snapshotted_at: z.iso.datetime(),
        max_loaded_at_time_ago_in_s: z.number(),
        criteria: z.object(),
      }),
    ]),
  ),
});
