import { quoteName } from '../foundation/quote.ts';
import type { Manifest, ModelNode, Node, NodeId, SeedNode, SourceNode } from '../manifest/manifest.ts';
import { dictionarySql, emptyDictionarySql } from '../materializations/dictionary-sql.ts';
import type { EngineStatement } from './check-engine.ts';
import type { CheckedRelation, TypedColumn } from './checked-graph.ts';
import { layoutDatabase, storableTypes } from './layout-probes.ts';
import { readAsTables } from './read-as-tables.ts';
import { createStandIn, createStub, dropTable } from './relation-statements.ts';
import { isUnknown } from './unknown-type.ts';

export type RelationNode = SourceNode | SeedNode | ModelNode;

/** The empty tables that stand for relations of a graph in the engine, and which of them it holds. */
export class GraphTables {
  readonly #manifest: Manifest;
  readonly #relations: ReadonlyMap<NodeId, CheckedRelation>;
  /** Whose table must be one of its own engine, because a reader asks for what only such tables have. */
  readonly #readAsTables: ReadonlySet<NodeId>;
  readonly #dictionaries: ReadonlySet<NodeId>;
  readonly #present = new Set<NodeId>();

  /** `relations`: what is known so far; it may grow. `dictionaries`: sources that are none of tables. */
  constructor(manifest: Manifest, relations: ReadonlyMap<NodeId, CheckedRelation>, dictionaries: ReadonlySet<NodeId>) {
    this.#manifest = manifest;
    this.#dictionaries = dictionaries;
    this.#relations = relations;
    this.#readAsTables = readAsTables(manifest);
  }

  /** What to run before everything else. */
  databases(): readonly EngineStatement[] {
    const databases = new Set([...this.#manifest.nodes.values()].flatMap((node) => ('relation' in node ? [node.relation.database] : [])));
    const create = (name: string): string => `create database if not exists ${quoteName(name, 'clickhouse')} engine = Memory`;
    return [kept(storableTypes(false)), ...[...databases, layoutDatabase].map((name) => kept(create(name)))];
  }

  isReadAsTable(id: NodeId): boolean {
    return this.#readAsTables.has(id);
  }

  /** Notes that a model's own statement has made its table. */
  add(id: NodeId): void {
    this.#present.add(id);
  }

  /** What takes away the table that a model's own statement has made: another is made when it is read. */
  replaced(node: RelationNode): EngineStatement {
    this.forget(node.id);
    return kept(dropTable(node));
  }

  /** Notes that a relation could not be made. */
  forget(id: NodeId): void {
    this.#present.delete(id);
  }

  /** What makes a relation as an empty table of these columns. */
  stub(node: RelationNode, columns: readonly TypedColumn[]): EngineStatement {
    this.#present.add(node.id);
    const known = columns.filter((column) => !isUnknown(column));
    const isDictionary = node.kind === 'model' && node.config.materialized === 'dictionary';
    if (isDictionary) return kept(emptyDictionarySql(node.relation, node.config, known));
    if (this.#dictionaries.has(node.id) && known.length > 0) return kept(emptySourceDictionary(node, known));
    const asTable = this.#readAsTables.has(node.id);
    const lacks = known.length < columns.length && (!asTable || known.length === 0); // FINAL and the like are asked of tables alone
    return kept(lacks ? createStandIn(node.relation, columns) : createStub(node.relation, known, asTable));
  }

  /** Tables to create of known relations that the engine does not hold. */
  missing(ids: Iterable<NodeId>): readonly EngineStatement[] {
    return this.tablesOf(ids).flatMap((node) => {
      const known = this.#relations.get(node.id);
      return known && !this.#present.has(node.id) ? [this.stub(node, known.columns)] : [];
    });
  }

  /** The relations themselves, and those that inline models among them read. */
  tablesOf(ids: Iterable<NodeId>): readonly RelationNode[] {
    return tablesBehind(ids, this.#manifest);
  }
}

/** The relations themselves, and in place of inline models what these read. */
export function tablesBehind(ids: Iterable<NodeId>, { nodes, parents }: Manifest): readonly RelationNode[] {
  const all = new Set(ids);
  for (const id of all) if (isInline(nodes.get(id))) for (const parent of parents.get(id) ?? []) all.add(parent);
  return [...all].flatMap((id) => {
    const node = nodes.get(id);
    return isRelation(node) && !isInline(node) ? [node] : [];
  });
}

/** Its file does not say the key: it is taken to be the first column. */
function emptySourceDictionary({ relation }: RelationNode, columns: readonly TypedColumn[]): string {
  const primaryKey = columns.slice(0, 1).map(({ name }) => name);
  return dictionarySql({ relation, primaryKey, layout: null, source: 'null()', lifetimeMs: null, comment: '' }, columns);
}

/** A statement that an engine that starts anew runs again. */
function kept(sql: string): EngineStatement {
  return { sql, keep: sql };
}

export function isRelation(node: Node | undefined): node is RelationNode {
  return node !== undefined && 'relation' in node;
}

/** Whether a relation is no table, but part of the SQL of what reads it. */
export function isInline(node: Node | undefined): boolean {
  return node?.kind === 'model' && node.config.materialized === 'ephemeral';
}
