import { createHash } from 'node:crypto';
import type { Manifest, ModelNode, Node, NodeId, SeedNode, TestNode } from '../manifest/manifest.ts';
import { factsOf } from '../plan/build-node-facts.ts';
import { factsVersion } from '../plan/node-facts.ts';
import type { Template } from '../project/parse-template.ts';
import { compiledPath } from './compiled-path.ts';
import { uniqueId } from './unique-id.ts';

/** What is known of a node that was compiled or run. */
export interface RanNode {
  readonly compiledSql: string | null;
  /** Whether statements of it lie below run/. */
  readonly hasStatements: boolean;
}
export type RanNodes = ReadonlyMap<NodeId, RanNode>;

/** What the entries of one manifest.json have in common, in dbt's words. */
export class NodeWords {
  readonly manifest: Manifest;
  /** Seconds since 1970, as dbt tells when it read the files. */
  readonly createdAt: number;
  readonly #ran: RanNodes;
  readonly #ids = new Map<NodeId, string>();

  constructor(manifest: Manifest, { createdAt, ran }: { readonly createdAt: Date; readonly ran: RanNodes }) {
    this.manifest = manifest;
    this.createdAt = createdAt.getTime() / 1000;
    this.#ran = ran;
    for (const node of manifest.nodes.values()) this.#ids.set(node.id, uniqueId(node, manifest));
  }

  /** Every node with its neighbours, both by dbt's ids. */
  edges(edges: ReadonlyMap<NodeId, readonly NodeId[]>): Record<string, string[]> {
    return Object.fromEntries([...edges].map(([id, ends]) => [this.idOf(id), ends.map((end) => this.idOf(end))]));
  }

  /** dbt's id; our own for a node that the graph does not hold. */
  idOf(id: NodeId): string {
    return this.#ids.get(id) ?? id;
  }

  parentsOf(node: Node): string[] {
    return (this.manifest.parents.get(node.id) ?? []).map((parent) => this.idOf(parent));
  }

  macroId(name: string): string {
    return `macro.${this.manifest.projectName}.${name}`;
  }

  macrosOf({ macros }: Template): string[] {
    return [...new Set(macros.map(({ name }) => this.macroId(name)))];
  }

  patchPath(file: string | null): string | null {
    return file && `${this.manifest.projectName}://${file}`;
  }

  /** Where something is declared. */
  file(file: string) {
    return { package_name: this.manifest.projectName, path: file.slice(file.indexOf('/') + 1), original_file_path: file };
  }

  /** What every entry has. */
  common(node: Node) {
    return {
      ...this.file(node.file),
      unique_id: this.#ids.get(node.id) ?? uniqueId(node, this.manifest),
      resource_type: node.kind as string,
      name: node.name,
      fqn: [...node.fqn],
    };
  }

  /** What every entry has but a unit test's. */
  described(node: Node) {
    return { description: node.description, tags: [...node.tags], meta: { ...node.meta, gccflow: this.ownFacts(node) } };
  }

  /** What a later gccflow compares the node by; of a disabled node, which it does not, the kind alone. */
  ownFacts(node: Node) {
    if (!this.#ids.has(node.id)) return { kind: node.kind };
    return { kind: node.kind, state: { version: factsVersion, ...factsOf(this.manifest, node) } };
  }

  /** What every node that dbt builds has. */
  parsed(node: ModelNode | SeedNode | TestNode) {
    const ran = this.#ran.get(node.id);
    return {
      ...this.common(node),
      ...this.described(node),
      group: null,
      docs: { show: true, node_color: null },
      doc_blocks: [],
      build_path: ran?.hasStatements ? `target/run/${this.manifest.projectName}/${compiledPath(node)}` : null,
      created_at: this.createdAt,
    };
  }

  /** What every node with SQL of its own has. */
  compiled(node: ModelNode | TestNode) {
    const { text, refs, sources } = node.template;
    const compiledSql = this.#ran.get(node.id)?.compiledSql ?? null;
    return {
      raw_code: text,
      language: 'sql',
      checksum: { name: 'sha256', checksum: createHash('sha256').update(text).digest('hex') },
      refs: refs.map(({ name }) => ({ name, package: null, version: null })),
      sources: sources.map(({ source, table }) => [source, table]),
      metrics: [],
      functions: [],
      depends_on: { macros: this.macrosOf(node.template), nodes: this.parentsOf(node) },
      compiled: compiledSql !== null,
      compiled_code: compiledSql,
      compiled_path: compiledSql === null ? null : `target/compiled/${this.manifest.projectName}/${compiledPath(node)}`,
      extra_ctes_injected: compiledSql !== null,
      extra_ctes: [],
    };
  }
}
