import { createHash } from 'node:crypto';
import type { Manifest, Node } from '../manifest/manifest.ts';
import { formatExposure, isShownAsExposure } from './format-exposure.ts';
import { formatMacro } from './format-macro.ts';
import { formatModel, formatSeed } from './format-model.ts';
import { formatSource } from './format-source.ts';
import { formatTest } from './format-test.ts';
import { formatUnitTest } from './format-unit-test.ts';
import { artifactMetadata, type Invocation } from './invocation.ts';
import { NodeWords, type RanNodes } from './node-words.ts';

/**
 * manifest.json in dbt's schema, version 12, with every key that dbt writes; `ran` is what is known of nodes that were compiled or run.
 * dbt knows no syncs, streams and flows: they are exposures, told apart by `meta.gccflow.kind`.
 */
export function formatManifest(manifest: Manifest, invocation: Invocation, ran: RanNodes = new Map()) {
  const nodes = [...manifest.nodes.values()];
  const words = new NodeWords(manifest, { createdAt: invocation.startedAt, ran });
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
    nodes: byUniqueId(nodes.flatMap((node) => formatBuilt(node, words) ?? [])),
    sources: byUniqueId(nodes.filter((node) => node.kind === 'source').map((node) => formatSource(node, words))),
    macros: byUniqueId([...manifest.macros.values()].map((macro) => formatMacro(macro, words))),
    docs: {},
    exposures: byUniqueId(nodes.filter(isShownAsExposure).map((node) => formatExposure(node, words))),
    metrics: {},
    groups: {},
    selectors: {},
    disabled: Object.fromEntries(manifest.disabled.map((node) => formatAny(node, words)).map((entry) => [entry.unique_id, [entry]])),
    parent_map: words.edges(manifest.parents),
    child_map: words.edges(manifest.children),
    group_map: {},
    saved_queries: {},
    semantic_models: {},
    unit_tests: byUniqueId(nodes.filter((node) => node.kind === 'unit_test').map((node) => formatUnitTest(node, words))),
    functions: {},
  };
}

/** A model, seed or test; null for what dbt keeps elsewhere. */
function formatBuilt(node: Node, words: NodeWords) {
  if (node.kind === 'model') return formatModel(node, words);
  if (node.kind === 'seed') return formatSeed(node, words);
  return node.kind === 'test' ? formatTest(node, words) : null;
}

function formatAny(node: Node, words: NodeWords) {
  if (isShownAsExposure(node)) return formatExposure(node, words);
  switch (node.kind) {
    case 'model':
      return formatModel(node, words);
    case 'seed':
      return formatSeed(node, words);
    case 'test':
      return formatTest(node, words);
    case 'source':
      return formatSource(node, words);
    case 'unit_test':
      return formatUnitTest(node, words);
  }
}

function byUniqueId<Entry extends { readonly unique_id: string }>(entries: readonly Entry[]): Readonly<Record<string, Entry>> {
  return Object.fromEntries(entries.map((entry) => [entry.unique_id, entry]));
}
