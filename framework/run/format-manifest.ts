import { createHash } from 'node:crypto';
import type { Manifest } from '../manifest/manifest.ts';
import { NodeFormatter, type RanNodes } from './format-node.ts';
import { artifactMetadata, type Invocation } from './invocation.ts';

/**
 * manifest.json in dbt's schema, version 12; `ran` is what is known of nodes that were compiled or run. dbt knows no syncs, streams and
 * flows: they are exposures, told apart by `meta.gccflow.kind`.
 */
export function formatManifest(manifest: Manifest, invocation: Invocation, ran: RanNodes = new Map()) {
  const nodes = [...manifest.nodes.values()];
  const formatter = new NodeFormatter(manifest, { createdAt: invocation.startedAt, ran });
  return {
    metadata: {
      ...artifactMetadata('manifest/v12', invocation),
      project_name: manifest.projectName,
      project_id: createHash('md5').update(manifest.projectName).digest('hex'),
      user_id: null,
      send_anonymous_usage_stats: false,
      adapter_type: 'clickhouse',
      quoting: { database: false, schema: true, identifier: true, column: null },
      run_started_at: invocation.startedAt.toISOString(),
    },
    nodes: byUniqueId(nodes.flatMap((node) => formatter.built(node) ?? [])),
    sources: byUniqueId(nodes.filter((node) => node.kind === 'source').map((node) => formatter.source(node))),
    macros: byUniqueId([...manifest.macros.values()].map((macro) => formatter.macro(macro))),
    docs: {},
    exposures: byUniqueId(nodes.flatMap((node) => formatter.outside(node) ?? [])),
    metrics: {},
    groups: {},
    selectors: {},
    disabled: Object.fromEntries(manifest.disabled.map((node) => formatter.any(node)).map((entry) => [entry.unique_id, [entry]])),
    parent_map: formatter.edges(manifest.parents),
    child_map: formatter.edges(manifest.children),
    group_map: {},
    saved_queries: {},
    semantic_models: {},
    unit_tests: byUniqueId(nodes.filter((node) => node.kind === 'unit_test').map((node) => formatter.unitTest(node))),
    functions: {},
  };
}

function byUniqueId<Entry extends { readonly unique_id: string }>(entries: readonly Entry[]): Readonly<Record<string, Entry>> {
  return Object.fromEntries(entries.map((entry) => [entry.unique_id, entry]));
}
