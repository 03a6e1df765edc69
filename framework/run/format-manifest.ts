import { createHash } from 'node:crypto';
import type {
  ApiNode,
  ExposureNode,
  FlowNode,
  IngestNode,
  Macro,
  Manifest,
  ModelNode,
  Node,
  NodeId,
  SeedNode,
  SinkNode,
  SourceNode,
  SyncNode,
  TestNode,
} from '../manifest/manifest.ts';
import { type Relation, relationSql } from '../manifest/relation.ts';
import { factsOf } from '../plan/build-node-facts.ts';
import { factsVersion } from '../plan/node-facts.ts';
import { stagingDatabase } from '../plan/publication.ts';
import type { Column } from '../project/models-file.ts';
import type { Template } from '../project/parse-template.ts';
import { formatCriteria } from './format-sources.ts';
import { artifactMetadata, type Invocation } from './invocation.ts';
import { uniqueId } from './unique-id.ts';

/** manifest.json in dbt's schema, version 12. dbt knows no syncs, streams and flows: they are exposures, told apart by `meta.gccflow.kind`. */
export function formatManifest(manifest: Manifest, invocation: Invocation) {
  const nodes = [...manifest.nodes.values()];
  const formatter = new Formatter(manifest);
  return {
    metadata: {
      ...artifactMetadata('manifest/v12', invocation),
      project_name: manifest.projectName,
      project_id: md5(manifest.projectName),
      send_anonymous_usage_stats: false,
      adapter_type: 'clickhouse',
    },
    nodes: Object.fromEntries(nodes.flatMap((node) => formatter.node(node) ?? []).map(byUniqueId)),
    sources: Object.fromEntries(nodes.filter((node) => node.kind === 'source').map((node) => byUniqueId(formatter.source(node)))),
    macros: Object.fromEntries([...manifest.macros.values()].map((macro) => byUniqueId(formatMacro(macro, manifest.projectName)))),
    docs: {},
    exposures: Object.fromEntries(nodes.filter(isShownAsExposure).map((node) => byUniqueId(formatter.exposure(node)))),
    metrics: {},
    groups: {},
    selectors: {},
    disabled: Object.fromEntries(
      manifest.disabled.flatMap((node) => formatter.node(node) ?? []).map((formatted) => [formatted.unique_id, [formatted]]),
    ),
    parent_map: formatter.edges(manifest.parents),
    child_map: formatter.edges(manifest.children),
    group_map: {},
    saved_queries: {},
    semantic_models: {},
    unit_tests: {},
  };
}

/** Nodes that dbt has no word for. */
type Outside = ExposureNode | SyncNode | SinkNode | IngestNode | ApiNode | FlowNode;

const outside: ReadonlySet<Node['kind']> = new Set<Outside['kind']>(['exposure', 'sync', 'sink', 'ingest', 'api', 'flow']);

function isShownAsExposure(node: Node): node is Outside {
  return outside.has(node.kind);
}

function byUniqueId<Entry extends { readonly unique_id: string }>(entry: Entry): [string, Entry] {
  return [entry.unique_id, entry];
}

/** Turns nodes into dbt's words. */
class Formatter {
  readonly #manifest: Manifest;
  readonly #ids = new Map<NodeId, string>();

  constructor(manifest: Manifest) {
    this.#manifest = manifest;
    for (const node of manifest.nodes.values()) this.#ids.set(node.id, uniqueId(node, manifest));
  }

  /** A model, seed or test; null for what dbt keeps elsewhere. */
  node(node: Node) {
    if (node.kind === 'model') return this.#model(node);
    if (node.kind === 'seed') return this.#seed(node);
    return node.kind === 'test' ? this.#test(node) : null;
  }

  source(node: SourceNode) {
    return {
      ...this.#common(node),
      database: '',
      schema: node.relation.database,
      relation_name: relationSql(node.relation),
      source_name: node.sourceName,
      source_description: '',
      loader: '',
      identifier: node.relation.name,
      columns: formatColumns(node.columns),
      loaded_at_field: node.loadedAt,
      loaded_at_query: node.loadedAtQuery,
      freshness: node.freshness && formatCriteria(node.freshness),
    };
  }

  exposure(node: Outside) {
    return {
      ...this.#common(node),
      resource_type: 'exposure',
      type: 'application',
      owner: { name: node.kind === 'exposure' ? node.owner : this.#manifest.projectName, email: null },
      url: node.kind === 'exposure' ? node.url : null,
      depends_on: this.#dependsOn(node),
    };
  }

  /** Every node with its neighbours, both by dbt's ids. */
  edges(edges: ReadonlyMap<NodeId, readonly NodeId[]>): Record<string, string[]> {
    return Object.fromEntries([...edges].map(([id, ends]) => [this.#id(id), ends.map((end) => this.#id(end))]));
  }

  #model(node: ModelNode) {
    return {
      ...this.#common(node),
      ...formatRelation(node.relation),
      ...formatTemplate(node.template),
      relation_name: node.config.materialized === 'ephemeral' ? null : relationSql(node.relation),
      config: formatConfig(node),
      columns: formatColumns(node.columns),
      depends_on: this.#dependsOn(node, node.template),
    };
  }

  #seed(node: SeedNode) {
    return {
      ...this.#common(node),
      ...formatRelation(node.relation),
      checksum: { name: 'sha256', checksum: node.contentHash },
      config: formatConfig(node),
      columns: formatColumns(node.columns),
      depends_on: { macros: [] },
    };
  }

  #test(node: TestNode) {
    return {
      ...this.#common(node),
      ...formatTemplate(node.template),
      database: '',
      schema: stagingDatabase,
      alias: node.name,
      config: { ...node.config, severity: node.config.severity.toUpperCase() },
      columns: {},
      depends_on: this.#dependsOn(node, node.template),
      ...(node.testType === 'generic' && this.#genericTest(node)),
    };
  }

  #genericTest({ testName, attachedTo, column, arguments: args }: TestNode) {
    const owner = attachedTo && this.#manifest.nodes.get(attachedTo);
    return {
      test_metadata: { name: testName, kwargs: { ...args, column_name: column, model: owner?.name ?? null }, namespace: null },
      attached_node: attachedTo && this.#id(attachedTo),
      column_name: column,
      file_key_name: `${owner?.kind ?? 'model'}s.${owner?.name ?? ''}`,
    };
  }

  #common(node: Node) {
    return {
      unique_id: this.#ids.get(node.id) ?? uniqueId(node, this.#manifest),
      resource_type: node.kind as string,
      name: node.name,
      package_name: this.#manifest.projectName,
      path: node.file.slice(node.file.indexOf('/') + 1),
      original_file_path: node.file,
      fqn: [...node.fqn],
      tags: [...node.tags],
      meta: { ...node.meta, gccflow: this.#ownFacts(node) },
      description: node.description,
    };
  }

  /** What a later gccflow compares the node by; of a disabled node, which it does not, the kind alone. */
  #ownFacts(node: Node) {
    if (!this.#ids.has(node.id)) return { kind: node.kind };
    return { kind: node.kind, state: { version: factsVersion, ...factsOf(this.#manifest, node) } };
  }

  #dependsOn(node: Node, template?: Template) {
    const nodes = (this.#manifest.parents.get(node.id) ?? []).map((parent) => this.#id(parent));
    return { macros: (template?.macros ?? []).map(({ name }) => `macro.${this.#manifest.projectName}.${name}`), nodes };
  }

  #id(id: NodeId): string {
    return this.#ids.get(id) ?? id;
  }
}

function formatMacro({ name, file, template }: Macro, projectName: string) {
  return {
    unique_id: `macro.${projectName}.${name}`,
    resource_type: 'macro',
    name,
    package_name: projectName,
    path: file,
    original_file_path: file,
    macro_sql: template.text,
  };
}

function formatRelation({ database, name }: Relation) {
  return { database: '', schema: database, alias: name, relation_name: relationSql({ database, name }) };
}

function formatTemplate({ text, refs, sources }: Template) {
  return {
    raw_code: text,
    language: 'sql',
    checksum: { name: 'sha256', checksum: createHash('sha256').update(text).digest('hex') },
    refs: refs.map(({ name }) => ({ name, package: null, version: null })),
    sources: sources.map(({ source, table }) => [source, table]),
  };
}

function formatConfig({ config: { pre_hook, post_hook, ...config } }: ModelNode | SeedNode) {
  const hooks = (texts: readonly string[]) => texts.map((sql) => ({ sql, transaction: false, index: null }));
  return { ...config, 'pre-hook': hooks(pre_hook), 'post-hook': hooks(post_hook) };
}

function formatColumns(columns: readonly Column[]) {
  return Object.fromEntries(
    columns.map(({ name, type, description, tags, meta }) => [
      name,
      { name, data_type: type, description, tags: [...tags], meta: { ...meta } },
    ]),
  );
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
