import { createHash } from 'node:crypto';
import type { Macro, Manifest, ModelNode, Node, NodeId, SeedNode, SourceNode, TestNode, UnitTestNode } from '../manifest/manifest.ts';
import { relationSql } from '../manifest/relation.ts';
import { factsOf } from '../plan/build-node-facts.ts';
import { factsVersion } from '../plan/node-facts.ts';
import { stagingDatabase } from '../plan/publication.ts';
import type { Template } from '../project/parse-template.ts';
import { compiledPath } from './compiled-path.ts';
import { formatColumns, formatConstraints } from './format-columns.ts';
import { formatConfig, formatContract, formatTestConfig, unrenderedConfig, unrenderedTestConfig } from './format-config.ts';
import { formatCriteria } from './format-sources.ts';
import { formatUnitTest } from './format-unit-test.ts';
import { uniqueId } from './unique-id.ts';

/** What is known of a node that was compiled or run. */
export interface RanNode {
  readonly compiledSql: string | null;
  /** Whether statements of it lie below run/. */
  readonly hasStatements: boolean;
}
export type RanNodes = ReadonlyMap<NodeId, RanNode>;

/** Nodes that dbt has no word for: its exposures. */
type Outside = Exclude<Node, ModelNode | SeedNode | TestNode | SourceNode | UnitTestNode>;

/** Turns nodes into dbt's words, with every key that dbt writes. */
export class NodeFormatter {
  readonly #manifest: Manifest;
  readonly #createdAt: number;
  readonly #ran: RanNodes;
  readonly #ids = new Map<NodeId, string>();

  constructor(manifest: Manifest, { createdAt, ran }: { readonly createdAt: Date; readonly ran: RanNodes }) {
    this.#manifest = manifest;
    this.#createdAt = createdAt.getTime() / 1000;
    this.#ran = ran;
    for (const node of manifest.nodes.values()) this.#ids.set(node.id, uniqueId(node, manifest));
  }

  any(node: Node) {
    if (node.kind === 'source') return this.source(node);
    if (node.kind === 'unit_test') return this.unitTest(node);
    return this.built(node) ?? this.#outside(node as Outside);
  }

  /** A model, seed or test; null for what dbt keeps elsewhere. */
  built(node: Node) {
    if (node.kind === 'model') return this.#model(node);
    if (node.kind === 'seed') return this.#seed(node);
    return node.kind === 'test' ? this.#test(node) : null;
  }

  /** An exposure, or what is shown as one; null for all else. */
  outside(node: Node) {
    return isOutside(node) ? this.#outside(node) : null;
  }

  source(node: SourceNode) {
    const freshness = node.freshness && formatCriteria(node.freshness);
    const loaded = { freshness, loaded_at_field: node.loadedAt, loaded_at_query: node.loadedAtQuery };
    return {
      ...this.#common(node),
      ...this.#described(node),
      database: '',
      schema: node.relation.database,
      relation_name: relationSql(node.relation),
      source_name: node.sourceName,
      source_description: node.sourceDescription,
      source_meta: {},
      loader: '',
      identifier: node.relation.name,
      quoting: { database: null, schema: null, identifier: null, column: null },
      external: null,
      columns: formatColumns(node.columns),
      ...loaded,
      config: { enabled: true, event_time: null, ...loaded, meta: { ...node.meta }, tags: [...node.tags] },
      unrendered_config: {},
      unrendered_database: null,
      unrendered_schema: null,
      patch_path: null,
      doc_blocks: [],
      created_at: this.#createdAt,
    };
  }

  macro({ name, file, template }: Macro) {
    const docs = { show: true, node_color: null };
    return {
      ...this.#file(file),
      unique_id: this.#macroId(name),
      resource_type: 'macro',
      name,
      macro_sql: template.text,
      depends_on: { macros: this.#macrosOf(template) },
      description: '',
      meta: {},
      docs,
      config: { meta: {}, docs },
      patch_path: null,
      arguments: [],
      created_at: this.#createdAt,
      supported_languages: null,
    };
  }

  unitTest(node: UnitTestNode) {
    const { subject, config } = node;
    const macros = subject.kind === 'macro' ? [this.#macroId(subject.name)] : [];
    return {
      ...this.#common(node),
      ...formatUnitTest(node),
      description: node.description,
      depends_on: { macros, nodes: this.#parentsOf(node) },
      config: { enabled: config.enabled, tags: [...node.tags], meta: { ...node.meta, gccflow: this.#ownFacts(node) } },
      checksum: null,
      schema: subject.kind === 'model' ? this.#schemaOf(subject.id) : null,
      created_at: this.#createdAt,
      versions: null,
      version: null,
    };
  }

  /** Every node with its neighbours, both by dbt's ids. */
  edges(edges: ReadonlyMap<NodeId, readonly NodeId[]>): Record<string, string[]> {
    return Object.fromEntries([...edges].map(([id, ends]) => [this.#id(id), ends.map((end) => this.#id(end))]));
  }

  #model(node: ModelNode) {
    return {
      ...this.#parsed(node),
      ...this.#compiled(node, node.template),
      database: '',
      schema: node.relation.database,
      alias: node.relation.name,
      relation_name: node.config.materialized === 'ephemeral' ? null : relationSql(node.relation),
      config: formatConfig(node),
      unrendered_config: unrenderedConfig(node),
      columns: formatColumns(node.columns),
      contract: formatContract(node),
      constraints: formatConstraints(node.constraints),
      patch_path: this.#patchPath(node.propertiesFile),
      access: 'protected',
      version: null,
      latest_version: null,
      deprecation_date: null,
      primary_key: [],
      time_spine: null,
    };
  }

  #seed(node: SeedNode) {
    return {
      ...this.#parsed(node),
      database: '',
      schema: node.relation.database,
      alias: node.relation.name,
      relation_name: relationSql(node.relation),
      raw_code: '',
      checksum: { name: 'sha256', checksum: node.contentHash },
      config: formatConfig(node),
      unrendered_config: unrenderedConfig(node),
      columns: formatColumns(node.columns),
      patch_path: this.#patchPath(node.propertiesFile),
      root_path: null,
      depends_on: { macros: [] },
    };
  }

  #test(node: TestNode) {
    const isGeneric = node.testType === 'generic';
    return {
      ...this.#parsed(node),
      ...this.#compiled(node, node.template),
      ...(isGeneric && { path: `${node.name}.sql` }),
      database: '',
      schema: stagingDatabase,
      alias: node.name,
      relation_name: null,
      config: formatTestConfig(node),
      unrendered_config: unrenderedTestConfig(node),
      columns: {},
      patch_path: null,
      contract: { enforced: false, alias_types: true, checksum: null },
      ...(isGeneric && this.#genericTest(node)),
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

  #outside(node: Outside) {
    return {
      ...this.#common(node),
      ...this.#described(node),
      resource_type: 'exposure',
      ...this.#owned(node),
      label: null,
      maturity: null,
      config: { enabled: true, tags: [...node.tags], meta: { ...node.meta } },
      unrendered_config: {},
      depends_on: { macros: [], nodes: this.#parentsOf(node) },
      refs: [],
      sources: [],
      metrics: [],
      created_at: this.#createdAt,
    };
  }

  #owned(node: Outside) {
    if (node.kind !== 'exposure') return { type: 'application', owner: { name: this.#manifest.projectName, email: null }, url: null };
    return { type: node.type, owner: { name: node.owner, email: node.ownerEmail }, url: node.url };
  }

  /** What every node that dbt builds has. */
  #parsed(node: ModelNode | SeedNode | TestNode) {
    const ran = this.#ran.get(node.id);
    return {
      ...this.#common(node),
      ...this.#described(node),
      group: null,
      docs: { show: true, node_color: null },
      doc_blocks: [],
      build_path: ran?.hasStatements ? `target/run/${this.#manifest.projectName}/${compiledPath(node)}` : null,
      created_at: this.#createdAt,
    };
  }

  /** What every node with SQL of its own has. */
  #compiled(node: ModelNode | TestNode, template: Template) {
    const { text, refs, sources } = template;
    const compiledSql = this.#ran.get(node.id)?.compiledSql ?? null;
    return {
      raw_code: text,
      language: 'sql',
      checksum: { name: 'sha256', checksum: createHash('sha256').update(text).digest('hex') },
      refs: refs.map(({ name }) => ({ name, package: null, version: null })),
      sources: sources.map(({ source, table }) => [source, table]),
      metrics: [],
      functions: [],
      depends_on: { macros: this.#macrosOf(template), nodes: this.#parentsOf(node) },
      compiled: compiledSql !== null,
      compiled_code: compiledSql,
      compiled_path: compiledSql === null ? null : `target/compiled/${this.#manifest.projectName}/${compiledPath(node)}`,
      extra_ctes_injected: compiledSql !== null,
      extra_ctes: [],
    };
  }

  #common(node: Node) {
    return {
      ...this.#file(node.file),
      unique_id: this.#uniqueId(node),
      resource_type: node.kind as string,
      name: node.name,
      fqn: [...node.fqn],
    };
  }

  #file(file: string) {
    return { package_name: this.#manifest.projectName, path: file.slice(file.indexOf('/') + 1), original_file_path: file };
  }

  #described(node: Node) {
    return { description: node.description, tags: [...node.tags], meta: { ...node.meta, gccflow: this.#ownFacts(node) } };
  }

  /** What a later gccflow compares the node by; of a disabled node, which it does not, the kind alone. */
  #ownFacts(node: Node) {
    if (!this.#ids.has(node.id)) return { kind: node.kind };
    return { kind: node.kind, state: { version: factsVersion, ...factsOf(this.#manifest, node) } };
  }

  #patchPath(file: string | null): string | null {
    return file && `${this.#manifest.projectName}://${file}`;
  }

  #schemaOf(id: NodeId): string | null {
    const node = this.#manifest.nodes.get(id);
    return node && 'relation' in node ? node.relation.database : null;
  }

  #parentsOf(node: Node): string[] {
    return (this.#manifest.parents.get(node.id) ?? []).map((parent) => this.#id(parent));
  }

  #macrosOf({ macros }: Template): string[] {
    return [...new Set(macros.map(({ name }) => this.#macroId(name)))];
  }

  #macroId(name: string): string {
    return `macro.${this.#manifest.projectName}.${name}`;
  }

  #uniqueId(node: Node): string {
    return this.#ids.get(node.id) ?? uniqueId(node, this.#manifest);
  }

  #id(id: NodeId): string {
    return this.#ids.get(id) ?? id;
  }
}

const outside: ReadonlySet<Node['kind']> = new Set<Outside['kind']>(['exposure', 'sync', 'sink', 'ingest', 'api', 'flow']);

function isOutside(node: Node): node is Outside {
  return outside.has(node.kind);
}
