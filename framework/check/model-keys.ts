import type { Manifest, ModelNode, NodeId } from '../manifest/manifest.ts';
import { keyOf } from './check-cache.ts';
import type { CheckedRelation } from './checked-graph.ts';
import type { GraphTables } from './graph-tables.ts';
import { askedBy } from './late-faults/dictionary-keys.ts';
import type { RenderedModel } from './render-model.ts';
import { TemplateKeys } from './template-key.ts';

/** Keys that models have in the cache: the same key, the same columns. */
export class ModelKeys {
  readonly #manifest: Manifest;
  readonly #tables: GraphTables;
  readonly #relations: ReadonlyMap<NodeId, CheckedRelation>;
  readonly #templateKeys: TemplateKeys;

  constructor(manifest: Manifest, tables: GraphTables, relations: ReadonlyMap<NodeId, CheckedRelation>) {
    this.#manifest = manifest;
    this.#tables = tables;
    this.#relations = relations;
    this.#templateKeys = new TemplateKeys(manifest);
  }

  /** All that a model's columns and mistakes depend on: its SQL, its whole config, and of what it reads the columns that it may mean. */
  of({ node, sql, incrementalSql }: RenderedModel): string {
    const { config } = node;
    const texts = `${sql}\n${incrementalSql ?? ''}\n${config.watermark ?? ''}`;
    const readsAll = /\*|\bcolumns\s*\(|\bnatural\b/i.test(texts);
    const parents = this.#tables.tablesOf(this.#manifest.parents.get(node.id) ?? []).map((parent) => {
      const keys = askedBy(parent);
      const columns = this.#relations.get(parent.id)?.columns ?? [];
      const meant = columns.filter(({ name }) => readsAll || keys.includes(name) || texts.includes(name));
      return [parent.id, keys, ...meant.map(({ name, type }) => `${name} ${type}`)];
    });
    return keyOf([sql, incrementalSql, config, node.relation, parents, this.#tables.isReadAsTable(node.id)]);
  }

  /** What is known of a model without rendering it; null where it must be rendered. */
  ofTemplate(node: ModelNode): string | null {
    return this.#templateKeys.of(node, this.#tables.isReadAsTable(node.id), (id) => this.#relations.get(id)?.columns);
  }
}
