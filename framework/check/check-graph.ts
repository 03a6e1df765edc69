import { GccflowError, messageOf } from '../foundation/error.ts';
import type { Location } from '../foundation/location.ts';
import { quoteName } from '../foundation/quote.ts';
import { sortTopologically } from '../manifest/graph.ts';
import type { Manifest, ModelNode, Node, NodeId, SeedNode, SourceNode } from '../manifest/manifest.ts';
import { addedColumns } from '../materializations/added-columns.ts';
import { emptyDictionarySql } from '../materializations/dictionary-sql.ts';
import type { Project } from '../project/project.ts';
import { CheckCache, keyOf, layoutOf } from './check-cache.ts';
import type { CheckEngine, EngineAnswer, EngineStatement } from './check-engine.ts';
import type { CheckedRelation, GraphInEngine, TypedColumn } from './checked-graph.ts';
import { placeOfColumn } from './column-place.ts';
import { columnsByTable, columnsSql, tableKey } from './column-query.ts';
import { compareBranches } from './compare-branches.ts';
import { placeOfConfig } from './config-place.ts';
import { declaredColumns, typedColumns } from './declared-columns.ts';
import { examineModel } from './examine-model.ts';
import { explainColumns, explainModel, type FaultContext, unaskedFinding } from './explain-model.ts';
import { thrownFinding } from './fault-finding.ts';
import type { Finding } from './finding.ts';
import { foreignTables, indexRelations } from './foreign-tables.ts';
import { LayoutProbes, layoutDatabase, storableTypes } from './layout-probes.ts';
import { readAsTables } from './read-as-tables.ts';
import { createStub, describedColumns } from './relation-statements.ts';
import { type RenderedModel, renderModel } from './render-model.ts';
import { TemplateKeys } from './template-key.ts';

/** What a check of the graph needs besides the graph. */
export interface CheckGraphOptions {
  readonly project: Project;
  /** Columns and types of a seed's file. Throws SEED_INVALID. */
  readonly seedColumns: (seed: SeedNode) => Promise<readonly TypedColumn[]>;
  /** What earlier checks found; nothing where it is left out. */
  readonly cache?: CheckCache;
  /** Nodes that are checked, and what they read; all where it is left out. */
  readonly only?: ReadonlySet<NodeId> | null;
}

type RelationNode = SourceNode | SeedNode | ModelNode;

/** Models sent to the engine at once: those of the next batch are rendered while it works. */
const batchSize = 200;

/**
 * The graph with its types. Creates sources, seeds and models as empty tables in graph order, and is told by ClickHouse what columns each has
 * or what is wrong with it. All mistakes are found in one go: what reads a broken model is checked against the columns it declares or had at
 * the last check, or is not checked. A model that is as it was when the cache knew it, and reads what it read, is not sent to ClickHouse.
 */
export async function checkGraph(manifest: Manifest, engine: CheckEngine, options: CheckGraphOptions): Promise<GraphInEngine> {
  const checker = new GraphChecker(manifest, engine, options);
  await checker.createDatabases();
  await checker.createInputs();
  await checker.checkModels();
  return checker;
}

class GraphChecker implements GraphInEngine {
  readonly relations = new Map<NodeId, CheckedRelation>();
  readonly notChecked = new Map<NodeId, NodeId>();
  readonly findings: Finding[] = [];
  readonly #manifest: Manifest;
  readonly #engine: CheckEngine;
  readonly #options: CheckGraphOptions;
  readonly #cache: CheckCache;
  readonly #probes: LayoutProbes;
  readonly #index: ReadonlyMap<string, NodeId>;
  readonly #templateKeys: TemplateKeys;
  /** Whose table must be one of its own engine, because a reader asks for what only such tables have. */
  readonly #readAsTables: ReadonlySet<NodeId>;
  /** Relations that the engine holds. */
  readonly #present = new Set<NodeId>();
  /** Models that were sent, or are to be, and are not answered. */
  readonly #sent = new Set<NodeId>();

  constructor(manifest: Manifest, engine: CheckEngine, options: CheckGraphOptions) {
    this.#manifest = manifest;
    this.#engine = engine;
    this.#options = options;
    this.#cache = options.cache ?? CheckCache.none();
    this.#probes = new LayoutProbes(this.#context());
    this.#readAsTables = readAsTables(manifest);
    this.#index = indexRelations(manifest);
    this.#templateKeys = new TemplateKeys(manifest);
  }

  async createDatabases(): Promise<void> {
    const databases = new Set([...this.#manifest.nodes.values()].flatMap((node) => ('relation' in node ? [node.relation.database] : [])));
    const create = (name: string): string => `create database if not exists ${quoteName(name, 'clickhouse')} engine = Memory`;
    await this.#engine.run([kept(storableTypes(false)), ...[...databases, layoutDatabase].map((name) => kept(create(name)))]);
  }

  /** Sources and seeds. */
  async createInputs(): Promise<void> {
    const inputs: Input[] = [];
    for (const node of this.#wanted()) {
      if (node.kind === 'model') continue;
      const key = inputKey(node, this.#manifest);
      const known = this.#cache.find(node.id, key);
      if (known) this.#know(node.id, { columns: known, from: 'declared' }, key);
      else inputs.push(...(await this.#readInput(node, key)));
    }
    if (inputs.length === 0) return;
    const creates = inputs.map(({ node, columns }) => this.#stub(node, columns));
    const answers = await this.#engine.run([...creates, { sql: columnsSql(inputs.map(({ node }) => node)) }]);
    const found = columnsByTable(answers.at(-1));
    for (const [index, { node, columns, key }] of inputs.entries()) {
      const answer = answers[index];
      if (answer?.kind === 'rows') this.#know(node.id, { columns: found.get(tableKey(node)) ?? columns, from: 'declared' }, key);
      else if (answer) this.findings.push(...(await explainColumns(node, columns, answer, this.#context())));
    }
  }

  async checkModels(): Promise<void> {
    const queue = this.#wanted().filter((node) => node.kind === 'model');
    let batch = this.#take(queue);
    while (batch.length > 0) {
      const running = this.#send(batch);
      const next = this.#take(queue);
      const again = await this.#settle(batch, await running);
      if (again.length > 0) {
        for (const { node } of next) this.#sent.delete(node.id);
        queue.unshift(...again, ...next.map(({ node }) => node));
      }
      batch = again.length > 0 || next.length === 0 ? this.#take(queue) : next;
    }
    const { findings, refused } = await this.#probes.finish();
    this.findings.push(...findings);
    const faulty = new Set([...this.findings.map(({ node }) => node), ...refused]);
    this.#cache.forget((id) => faulty.has(id));
  }

  async ensureTables(ids: Iterable<NodeId>): Promise<void> {
    await this.#engine.run(this.#missing(ids));
  }

  /** Nodes that take part, parents first. */
  #wanted(): RelationNode[] {
    const { only } = this.#options;
    const wanted = only ? this.#withAncestors(only) : null;
    const order = sortTopologically(this.#manifest.parents).flatMap((id) => this.#manifest.nodes.get(id) ?? []);
    return order.filter((node): node is RelationNode => 'relation' in node && (wanted === null || wanted.has(node.id)));
  }

  #withAncestors(ids: ReadonlySet<NodeId>): ReadonlySet<NodeId> {
    const all = new Set(ids);
    for (const id of all) for (const parent of this.#manifest.parents.get(id) ?? []) all.add(parent);
    return all;
  }

  /** An input with its columns; none where nothing says them, or they are wrong. */
  async #readInput(node: SourceNode | SeedNode, key: string): Promise<readonly Input[]> {
    try {
      const columns = node.kind === 'source' ? declaredColumns(node, this.#manifest) : await this.#options.seedColumns(node);
      return columns ? [{ node, columns, key }] : [];
    } catch (thrown) {
      this.findings.push(thrownFinding(node, thrown, this.#placeNamed(node, thrown)));
      return [];
    }
  }

  /**
   * The next models to send, in order. One that the cache knows is settled at once; one that might be known, but reads what is being
   * checked, waits in the queue.
   */
  #take(queue: ModelNode[]): readonly RenderedModel[] {
    const batch: RenderedModel[] = [];
    const waiting = new Set<NodeId>();
    const left: ModelNode[] = [];
    while (queue.length > 0 && batch.length < batchSize) {
      const node = queue.shift() as ModelNode;
      const parents = this.#manifest.parents.get(node.id) ?? [];
      const isOpen = parents.some((parent) => this.#sent.has(parent));
      if (parents.some((parent) => waiting.has(parent)) || (isOpen && this.#cache.has(node.id))) {
        waiting.add(node.id);
        left.push(node);
      } else if (!this.#skip(node, parents)) {
        if (!isOpen && this.#isAsItWas(node)) continue;
        const model = this.#render(node);
        if (!model) continue;
        const key = isOpen ? null : this.#keyOf(model);
        const known = key === null ? undefined : this.#cache.find(node.id, key);
        if (known && key !== null) this.#know(node.id, { columns: known, from: 'checked' }, key);
        else batch.push(model);
        if (!known) this.#sent.add(node.id);
      }
    }
    queue.unshift(...left);
    return batch;
  }

  /** Whether a model and all that it is rendered of are as they were; it is known then. */
  #isAsItWas(node: ModelNode): boolean {
    const key = this.#templateKeyOf(node);
    const columns = key === null ? undefined : this.#cache.keepTemplate(node.id, key);
    if (columns) this.relations.set(node.id, { columns, from: 'checked' });
    return columns !== undefined;
  }

  #templateKeyOf(node: ModelNode): string | null {
    return this.#templateKeys.of(node, this.#readAsTables.has(node.id), (id) => this.relations.get(id)?.columns);
  }

  /** Notes a model that cannot be checked because of one that it reads. */
  #skip(node: ModelNode, parents: readonly NodeId[]): boolean {
    const unknown = parents.find((id) => !this.relations.has(id) && !this.#sent.has(id) && isRelation(this.#manifest.nodes.get(id)));
    if (unknown !== undefined) this.notChecked.set(node.id, this.notChecked.get(unknown) ?? unknown);
    return unknown !== undefined;
  }

  #render(node: ModelNode): RenderedModel | null {
    try {
      const model = renderModel(this.#manifest, node, this.#readAsTables.has(node.id));
      if (!model.asks) return model;
      this.findings.push(unaskedFinding(model, model.asks, this.#context()));
    } catch (thrown) {
      this.findings.push(thrownFinding(node, thrown));
    }
    const columns = this.#standIn(node);
    if (columns) this.relations.set(node.id, columns);
    return null;
  }

  #send(batch: readonly RenderedModel[]): Promise<readonly EngineAnswer[]> {
    const parents = batch.flatMap(({ node }) => this.#manifest.parents.get(node.id) ?? []);
    const before = [...this.#probes.statements(), ...this.#missing(parents)];
    const tables = batch.flatMap(({ node, isDescribed }) => (isDescribed ? [] : [node]));
    const statements = [...before, ...batch.flatMap((model) => model.statements), { sql: columnsSql(tables) }];
    return this.#engine.run(statements).then((answers) => {
      this.#probes.settle(answers);
      return answers.slice(before.length);
    });
  }

  /** Takes in what became of a batch; gives back the models to send again, because what they read is there only now. */
  async #settle(batch: readonly RenderedModel[], answers: readonly EngineAnswer[]): Promise<readonly ModelNode[]> {
    const columns = columnsByTable(answers.at(-1));
    const late = new Set<NodeId>();
    const again: ModelNode[] = [];
    let at = 0;
    for (const model of batch) {
      const { node, statements } = model;
      const own = answers.slice(at, at + statements.length);
      at += statements.length;
      this.#sent.delete(node.id);
      const parents = this.#manifest.parents.get(node.id) ?? [];
      if (this.#skip(node, parents)) continue;
      if (own[0]?.kind === 'rows') {
        const found = model.isDescribed ? describedColumns(own[0]) : (columns.get(tableKey(node)) ?? []);
        await this.#accept(model, [...found, ...addedColumns(node.config)], own);
        if (model.isDescribed && !isInline(node)) late.add(node.id);
      } else if (parents.some((parent) => late.has(parent))) {
        again.push(node);
        late.add(node.id);
      } else {
        await this.#reject(model, own);
        late.add(node.id);
      }
    }
    return again;
  }

  async #accept(model: RenderedModel, columns: readonly TypedColumn[], answers: readonly EngineAnswer[]): Promise<void> {
    const { node } = model;
    this.#know(node.id, { columns, from: 'checked' }, this.#keyOf(model));
    if (!model.isDescribed) this.#present.add(node.id);
    this.#probes.add(node, columns);
    if (answers.some(({ kind }) => kind !== 'rows')) this.findings.push(...(await explainModel(model, answers, this.#context())).findings);
    this.findings.push(...compareBranches(model, columns, answers, this.#manifest), ...this.#examine(model, columns));
  }

  #examine(model: RenderedModel, columns: readonly TypedColumn[]): readonly Finding[] {
    const sources = this.#tablesOf(this.#manifest.parents.get(model.node.id) ?? []).map(({ id }) => id);
    const readsVariant = sources.some((id) => this.relations.get(id)?.columns.some(({ type }) => type.includes('Variant(')));
    return [
      ...examineModel(model, columns, readsVariant, this.#context()),
      ...foreignTables(model, new Set(sources), this.#index, this.#manifest),
    ];
  }

  async #reject(model: RenderedModel, answers: readonly EngineAnswer[]): Promise<void> {
    const { node } = model;
    const { findings, columns } = await explainModel(model, answers, this.#context());
    this.findings.push(...findings);
    const known = columns ? ({ columns, from: 'checked' } as const) : this.#standIn(node);
    if (known) this.relations.set(node.id, known);
    if (!columns) return;
    this.#present.add(node.id);
    this.#probes.add(node, columns);
    this.findings.push(...this.#examine(model, columns));
  }

  /** What the readers of a broken model are checked against, where anything is known. */
  #standIn(node: ModelNode): CheckedRelation | null {
    const declared = typedColumns(node.columns);
    if (declared) return { columns: declared, from: 'declared' };
    const remembered = this.#cache.columnsOf(node.id);
    return remembered ? { columns: remembered, from: 'remembered' } : null;
  }

  #know(id: NodeId, relation: CheckedRelation, key: string): void {
    this.relations.set(id, relation);
    const node = this.#manifest.nodes.get(id);
    this.#cache.keep(id, key, relation.columns, node?.kind === 'model' ? this.#templateKeyOf(node) : null);
  }

  /** Tables to create of known relations that the engine does not hold. */
  #missing(ids: Iterable<NodeId>): readonly EngineStatement[] {
    return this.#tablesOf(ids).flatMap((node) => {
      const known = this.relations.get(node.id);
      return known && !this.#present.has(node.id) ? [this.#stub(node, known.columns)] : [];
    });
  }

  /** The relations themselves, and those that inline models among them read. */
  #tablesOf(ids: Iterable<NodeId>): readonly RelationNode[] {
    const all = new Set(ids);
    for (const id of all)
      if (isInline(this.#manifest.nodes.get(id))) for (const parent of this.#manifest.parents.get(id) ?? []) all.add(parent);
    return [...all].flatMap((id) => {
      const node = this.#manifest.nodes.get(id);
      return isRelation(node) && !isInline(node) ? [node] : [];
    });
  }

  #stub(node: RelationNode, columns: readonly TypedColumn[]): EngineStatement {
    this.#present.add(node.id);
    const isDictionary = node.kind === 'model' && node.config.materialized === 'dictionary';
    if (isDictionary) return kept(emptyDictionarySql(node.relation, node.config, columns));
    return kept(createStub(node.relation, columns, this.#readAsTables.has(node.id)));
  }

  /** All that a model's columns depend on: its SQL and config, and of what it reads the columns that it may mean. */
  #keyOf({ node, sql, incrementalSql }: RenderedModel): string {
    const texts = `${sql}\n${incrementalSql ?? ''}`;
    const readsAll = /\*|\bcolumns\s*\(|\bnatural\b/i.test(texts);
    const parents = this.#tablesOf(this.#manifest.parents.get(node.id) ?? []).map(({ id }) => {
      const columns = this.relations.get(id)?.columns ?? [];
      return [id, ...columns.filter(({ name }) => readsAll || texts.includes(name)).map(({ name, type }) => `${name} ${type}`)];
    });
    return keyOf([sql, incrementalSql, layoutOf(node), node.relation, parents, this.#readAsTables.has(node.id)]);
  }

  /** The declared column that a complaint names. */
  #placeNamed(node: SourceNode | SeedNode, thrown: unknown): Location | undefined {
    const said = messageOf(thrown);
    const column = node.columns.find(({ name }) => said.includes(`'${name}'`));
    if (node.kind !== 'seed' || !(thrown instanceof GccflowError)) return undefined;
    const typed = Object.keys(node.config.column_types).some((name) => said.includes(`'${name}'`));
    if (typed) return placeOfConfig(this.#options.project, node, 'column_types');
    return column && placeOfColumn(node, column.name, this.#options.project);
  }

  #context(): FaultContext {
    return { manifest: this.#manifest, engine: this.#engine, project: this.#options.project };
  }
}

/** A source or seed whose table is to be created. */
interface Input {
  readonly node: SourceNode | SeedNode;
  readonly columns: readonly TypedColumn[];
  readonly key: string;
}

function inputKey(node: SourceNode | SeedNode, manifest: Manifest): string {
  if (node.kind === 'source') return keyOf([node.relation, declaredColumns(node, manifest)]);
  return keyOf([node.relation, node.contentHash, node.config.column_types, node.config.delimiter, typesOf(node)]);
}

function typesOf({ columns }: SeedNode): readonly string[] {
  return columns.map(({ name, type }) => `${name} ${type}`);
}

/** A statement that an engine that starts anew runs again. */
function kept(sql: string): EngineStatement {
  return { sql, keep: sql };
}

function isRelation(node: Node | undefined): node is RelationNode {
  return node !== undefined && 'relation' in node;
}

function isInline(node: Node | undefined): boolean {
  return node?.kind === 'model' && node.config.materialized === 'ephemeral';
}
