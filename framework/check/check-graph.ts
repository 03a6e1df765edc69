import { sortTopologically } from '../manifest/graph.ts';
import type { Manifest, ModelNode, Node, NodeId } from '../manifest/manifest.ts';
import { withChanges } from '../manifest/render-sql.ts';
import { addedColumns } from '../materializations/added-columns.ts';
import { keyOfDictionary } from '../materializations/dictionary-sql.ts';
import type { Project } from '../project/project.ts';
import { CheckCache, layoutOf } from './check-cache.ts';
import type { CheckEngine, EngineAnswer } from './check-engine.ts';
import type { CheckedRelation, GraphInEngine, TypedColumn } from './checked-graph.ts';
import { columnsByTable, columnsSql, tableKey } from './column-query.ts';
import { compareBranches } from './compare-branches.ts';
import { typedColumns } from './declared-columns.ts';
import { examineModel } from './examine-model.ts';
import { explainColumns, explainModel, type FaultContext, unaskedFinding } from './explain-model.ts';
import { thrownFinding } from './fault-finding.ts';
import type { Finding } from './finding.ts';
import { foreignDictionaries, foreignTables, indexRelations } from './foreign-tables.ts';
import { GraphTables, isInline, isRelation, type RelationNode } from './graph-tables.ts';
import { type HookObjects, hookObjects, isOfHook } from './hook-objects.ts';
import { ownAnswers, sentStatements, sentTables } from './incremental-table.ts';
import { dictionaryKeys } from './late-faults/dictionary-keys.ts';
import type { KeyTypes } from './late-faults/doubtful-keys.ts';
import { lateFaults } from './late-faults/late-faults.ts';
import { LayoutProbes } from './layout-probes.ts';
import { ModelKeys } from './model-keys.ts';
import { NamedDictionaries } from './named-dictionaries.ts';
import { type Input, inputKey, type ReadInput, readInput, soundColumns } from './read-inputs.ts';
import { describedColumns, describeSelect } from './relation-statements.ts';
import { type RenderedModel, renderModel } from './render-model.ts';
import { dependentColumns, followsFromUnknown, type RepairedColumns, repairedColumns, withKnownTypes } from './unknown-columns.ts';
import { isUnknown, unknownNames } from './unknown-type.ts';

/** What a check of the graph needs besides the graph. */
export interface CheckGraphOptions {
  readonly project: Project;
  /** What earlier checks found; nothing where it is left out. */
  readonly cache?: CheckCache;
  /** Nodes that are checked, and what they read; all where it is left out. */
  readonly only?: ReadonlySet<NodeId> | null;
  /** Nodes that are not looked at, because mistakes of theirs have been told; none where it is left out. */
  readonly unsound?: ReadonlySet<NodeId>;
}

/** Models sent to the engine at once: those of the next batch are rendered while it works. */
const batchSize = 200;

/**
 * The graph with its types. Creates sources, seeds and models as empty tables in graph order, and is told by ClickHouse what columns each has
 * or what is wrong with it. All mistakes are found in one go: what reads a broken model is checked against the columns its contract
 * has or it had at the last check, or is not checked. A model that is as it was when the cache knew it, and reads what it read, is not sent to ClickHouse.
 */
export async function checkGraph(manifest: Manifest, engine: CheckEngine, options: CheckGraphOptions): Promise<GraphInEngine> {
  const checker = new GraphChecker(manifest, engine, options);
  await checker.createInputs();
  await checker.checkModels();
  return checker;
}

class GraphChecker implements GraphInEngine {
  readonly relations = new Map<NodeId, CheckedRelation>();
  readonly notChecked = new Map<NodeId, NodeId>();
  readonly findings: Finding[] = [];
  /** Of the graph, but that a broken model is none that stands in the SQL of its readers. */
  readonly #nodes: Map<NodeId, Node>;
  readonly #manifest: Manifest;
  readonly #given: Manifest;
  readonly #dictionaries: NamedDictionaries;
  readonly #hooked: HookObjects;
  readonly #engine: CheckEngine;
  readonly #options: CheckGraphOptions;
  readonly #unsound: ReadonlySet<NodeId>;
  readonly #cache: CheckCache;
  readonly #probes: LayoutProbes;
  readonly #index: ReadonlyMap<string, NodeId>;
  readonly #tables: GraphTables;
  readonly #keys: ModelKeys;
  readonly #keyTypes: KeyTypes;
  /** Models that were sent, or are to be, and are not answered. */
  readonly #sent = new Set<NodeId>();

  constructor(manifest: Manifest, engine: CheckEngine, options: CheckGraphOptions) {
    this.#nodes = new Map(manifest.nodes);
    this.#given = manifest;
    this.#dictionaries = new NamedDictionaries(manifest);
    this.#hooked = hookObjects(manifest);
    this.#manifest = { ...withChanges(manifest, { nodes: this.#nodes }), parents: this.#dictionaries.parents(manifest) };
    this.#engine = engine;
    this.#options = options;
    this.#unsound = options.unsound ?? new Set();
    this.#cache = options.cache ?? CheckCache.none();
    this.#probes = new LayoutProbes(this.#context());
    this.#index = indexRelations(manifest);
    this.#tables = new GraphTables(this.#manifest, this.relations, this.#dictionaries.sources);
    this.#keys = new ModelKeys(this.#manifest, this.#tables, this.relations);
    this.#keyTypes = dictionaryKeys(this.#manifest, this.relations);
  }

  /** Sources and seeds. */
  async createInputs(): Promise<void> {
    await this.#engine.run([...this.#tables.databases(), ...this.#hooked.statements]);
    const inputs: Input[] = [];
    for (const node of this.#wanted()) {
      if (node.kind === 'model' || this.#unsound.has(node.id)) continue;
      const key = inputKey(node, this.#manifest);
      const known = this.#cache.find(node.id, key);
      if (known) this.#know(node.id, { columns: known, from: 'declared' }, key);
      else inputs.push(...this.#takeInput(node, key, await readInput(node, this.#context())));
    }
    if (inputs.length === 0) return;
    const creates = inputs.map(({ node, columns }) => this.#tables.stub(node, columns));
    const answers = await this.#engine.run([...creates, { sql: columnsSql(inputs.map(({ node }) => node)) }]);
    const found = columnsByTable(answers.at(-1));
    for (const [index, { node, columns, key }] of inputs.entries()) {
      const answer = answers[index];
      if (answer?.kind === 'rows') this.#know(node.id, { columns: found.get(tableKey(node)) ?? columns, from: 'declared' }, key);
      else if (answer) {
        this.findings.push(...(await explainColumns(node, columns, answer, this.#context())));
        this.#tables.forget(node.id);
        this.#standInFor(node, await soundColumns(columns, this.#engine));
      }
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
    await this.#engine.run(this.#tables.missing(ids));
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

  #takeInput(node: Input['node'], key: string, { columns, finding }: ReadInput): readonly Input[] {
    if (!finding) return columns ? [{ node, columns, key }] : [];
    this.findings.push(finding);
    this.#standInFor(node, columns);
    return [];
  }

  /** What is known of a source or seed with a mistake. */
  #standInFor(node: Input['node'], columns: readonly TypedColumn[] | null): void {
    const declared = [...node.columns.map(({ name }) => name), ...(node.kind === 'seed' ? Object.keys(node.config.column_types) : [])];
    const meant = new Set(declared).difference(new Set(columns?.map(({ name }) => name)));
    if (columns) this.relations.set(node.id, { columns, from: 'repaired', meant });
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
      if (this.#unsound.has(node.id)) this.#replace(node, this.#standIn(node));
      else if (parents.some((parent) => waiting.has(parent)) || (isOpen && this.#cache.has(node.id))) {
        waiting.add(node.id);
        left.push(node);
      } else if (!this.#skip(node, parents)) {
        if (!isOpen && this.#isAsItWas(node)) continue;
        const model = this.#render(node);
        if (!model) continue;
        const key = isOpen ? null : this.#keys.of(model);
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
    const key = this.#keys.ofTemplate(node);
    const columns = key === null ? undefined : this.#cache.keepTemplate(node.id, key);
    if (columns) this.relations.set(node.id, { columns, from: 'checked' });
    return columns !== undefined;
  }

  /** Notes a model that cannot be checked because of one that it reads. */
  #skip(node: ModelNode, parents: readonly NodeId[]): boolean {
    const unknown = parents.find((id) => !this.relations.has(id) && !this.#sent.has(id) && isRelation(this.#manifest.nodes.get(id)));
    if (unknown !== undefined) this.notChecked.set(node.id, this.notChecked.get(unknown) ?? unknown);
    return unknown !== undefined;
  }

  #render(node: ModelNode): RenderedModel | null {
    try {
      const model = renderModel(this.#manifest, node, this.#tables.isReadAsTable(node.id));
      if (!model.asks) return this.#unknownAbove(node).size > 0 ? describedOnly(model) : model;
      this.findings.push(unaskedFinding(model, model.asks, this.#context()));
    } catch (thrown) {
      this.findings.push(thrownFinding(node, thrown));
    }
    this.#replace(node, this.#standIn(node));
    return null;
  }

  #send(batch: readonly RenderedModel[]): Promise<readonly EngineAnswer[]> {
    const parents = batch.flatMap(({ node }) => this.#manifest.parents.get(node.id) ?? []);
    const before = [...this.#probes.statements(), ...this.#tables.missing(parents)];
    const statements = [...before, ...batch.flatMap(sentStatements), { sql: columnsSql(batch.flatMap(sentTables)) }];
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
      const own = await ownAnswers(model, answers.slice(at, at + statements.length), columns, this.#engine);
      at += statements.length;
      this.#sent.delete(node.id);
      const parents = this.#manifest.parents.get(node.id) ?? [];
      if (parents.some((parent) => again.some(({ id }) => id === parent))) {
        again.push(node);
        continue;
      }
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
    const above = this.#unknownAbove(node);
    const typed = above.size > 0 ? this.#withKnownTypes(node, dependentColumns(model.sql, columns, above)) : columns;
    let own = answers;
    if (above.size > 0) own = [...answers.slice(0, 1), ...(await this.#acceptPartly(model, typed))];
    else {
      this.#know(node.id, { columns, from: 'checked' }, this.#keys.of(model));
      if (!model.isDescribed) this.#tables.add(node.id);
      this.#probes.add(node, columns);
    }
    const isFollowUp = (finding: Finding): boolean => followsFromUnknown(finding, above);
    const said = own.some(({ kind }) => kind !== 'rows') ? (await explainModel(model, own, this.#context())).findings : [];
    const found = [...said, ...compareBranches(model, columns, own, this.#manifest), ...(await this.#examine(model, typed))];
    this.findings.push(...found.filter((finding) => !isFollowUp(finding)));
  }

  /** A model that reads columns which nobody knows: another table takes the place of its own. Gives back what became of its other steps. */
  async #acceptPartly(model: RenderedModel, columns: readonly TypedColumn[]): Promise<readonly EngineAnswer[]> {
    const { node } = model;
    if (!model.isDescribed) await this.#engine.run([this.#tables.replaced(node)]);
    this.#replace(node, { columns, from: 'repaired' });
    this.#tryLayout(node, columns);
    const cause = columns.some(isUnknown) ? this.#unknownParent(node) : undefined;
    if (cause !== undefined) this.notChecked.set(node.id, cause);
    return this.#askAgain(model);
  }

  /** What becomes of the steps behind the first of a model whose table has been replaced. */
  async #askAgain({ node, statements }: RenderedModel): Promise<readonly EngineAnswer[]> {
    const tables = this.#tables.missing([node.id]);
    const answers = await this.#engine.run([...tables, ...statements.slice(1)]);
    return answers.slice(tables.length);
  }

  /** The model, or what it reads, whose mistake leaves columns unknown that a model may read. */
  #unknownParent(node: ModelNode): NodeId | undefined {
    const cause = (this.#manifest.parents.get(node.id) ?? []).find((id) => unknownNames(this.relations.get(id)).size > 0);
    return cause === undefined ? undefined : (this.notChecked.get(cause) ?? cause);
  }

  async #examine(model: RenderedModel, columns: readonly TypedColumn[]): Promise<readonly Finding[]> {
    return [
      ...(await this.#examineColumns(model, columns)),
      ...(await lateFaults(model, { ...this.#context(), keyTypes: this.#keyTypes, columns })),
    ];
  }

  async #examineColumns(model: RenderedModel, columns: readonly TypedColumn[]): Promise<readonly Finding[]> {
    const sources = this.#tables.tablesOf(this.#manifest.parents.get(model.node.id) ?? []).map(({ id }) => id);
    const readsVariant = sources.some((id) => this.relations.get(id)?.columns.some(({ type }) => type.includes('Variant(')));
    return [
      ...(await examineModel(model, columns, readsVariant, this.#context())),
      ...foreignTables(model, new Set(sources), this.#index, this.#manifest),
      ...foreignDictionaries(model, this.#dictionaries.foreignOf(model.node, this.#given), this.#manifest),
    ];
  }

  async #reject(model: RenderedModel, answers: readonly EngineAnswer[]): Promise<void> {
    const { node } = model;
    const above = this.#unknownAbove(node);
    const { findings, columns } = await explainModel(model, answers, this.#context());
    const own = findings.filter((finding) => !followsFromUnknown(finding, above) && !this.#isOfOthers(node, finding));
    this.findings.push(...own);
    if (own.length === 0 && findings.length > 0) this.notChecked.set(node.id, this.#unknownParent(node) ?? node.id);
    if (columns) {
      this.relations.set(node.id, { columns, from: 'checked' });
      this.#tables.add(node.id);
      this.#probes.add(node, columns);
      const more = await this.#examine(model, columns);
      this.findings.push(...more.filter((finding) => !followsFromUnknown(finding, above)));
      return;
    }
    const repaired = await repairedColumns(model, findings, above, this.#engine);
    const usable = repaired && this.#usable(node, repaired);
    this.#replace(node, usable ?? this.#standIn(node));
    if (!usable) return;
    this.#tryLayout(node, usable.columns);
    const places = new Set(findings.map(({ error }) => JSON.stringify(error.at)));
    const others = model.incrementalSql === null ? [] : await this.#explainSteps(model, await this.#askAgain(model));
    const lost = new Set([...above, ...unknownNames(usable)]);
    const more = [...others, ...(await this.#examineColumns(model, usable.columns))];
    this.findings.push(...more.filter((finding) => !places.has(JSON.stringify(finding.error.at)) && !followsFromUnknown(finding, lost)));
  }

  /** What is wrong with the steps behind the first. */
  async #explainSteps(model: RenderedModel, answers: readonly EngineAnswer[]): Promise<readonly Finding[]> {
    const { findings } = await explainModel(model, [{ kind: 'rows', rows: [], names: [] }, ...answers], this.#context());
    return findings;
  }

  /** Whether a finding is about what others make: tables of hooks, and keys of dictionaries that no file declares. */
  #isOfOthers({ id }: ModelNode, { error }: Finding): boolean {
    const looksUp = (this.#manifest.parents.get(id) ?? []).some((parent) => this.#dictionaries.sources.has(parent));
    return isOfHook(error, this.#hooked) || (looksUp && error.code === 'CHECK_TYPE' && /\bkeys?\b/i.test(error.message));
  }

  /** Notes what readers of a model that is not as its SQL says are checked against. It is no longer part of their SQL. */
  #replace(node: ModelNode, relation: CheckedRelation | null): void {
    if (!relation) return;
    this.relations.set(node.id, relation);
    if (isInline(node)) this.#nodes.set(node.id, { ...node, config: { ...node.config, materialized: 'view' } });
  }

  /** What a broken model returns without its mistakes; null for a dictionary without its key. */
  #usable(node: ModelNode, { columns: found, isRenamed }: RepairedColumns): CheckedRelation | null {
    const columns = this.#withKnownTypes(node, [...found, ...addedColumns(node.config)]);
    const known = columns.filter((column) => !isUnknown(column)).map(({ name }) => name);
    const { config } = node;
    if (config.materialized === 'dictionary' && !keyOfDictionary(config).every((name) => known.includes(name))) return null;
    if (!isRenamed) return { columns, from: 'repaired' };
    const read = (this.#manifest.parents.get(node.id) ?? []).flatMap((id) => this.relations.get(id)?.columns ?? []);
    const meant = [...read, ...node.columns, ...(this.#cache.columnsOf(node.id) ?? [])].map(({ name }) => name);
    return { columns, from: 'repaired', meant: new Set(meant).difference(new Set(columns.map(({ name }) => name))) };
  }

  /** Tries the layout of a model of which some columns are unknown, unless it may mean them. */
  #tryLayout(node: ModelNode, columns: readonly TypedColumn[]): void {
    const layout = JSON.stringify(layoutOf(node));
    const lost = unknownNames(this.relations.get(node.id));
    if ([...lost].some((name) => layout.includes(name)) || layout.includes('MergeTree(')) return;
    this.#probes.add(
      node,
      columns.filter((column) => !isUnknown(column)),
    );
  }

  /** Names of the columns that a model may read and nobody knows. */
  #unknownAbove(node: ModelNode): ReadonlySet<string> {
    const parents = this.#manifest.parents.get(node.id) ?? [];
    return new Set(parents.flatMap((id) => [...unknownNames(this.relations.get(id))]));
  }

  #withKnownTypes(node: ModelNode, columns: readonly TypedColumn[]): readonly TypedColumn[] {
    return withKnownTypes(columns, node, this.#cache.columnsOf(node.id));
  }

  /** What the readers of a broken model are checked against, where nothing is left of its SQL. Without a contract it may have more columns than it declares. */
  #standIn(node: ModelNode): CheckedRelation | null {
    const declared = node.config.contract.enforced ? typedColumns(node.columns) : null;
    if (declared) return { columns: declared, from: 'declared' };
    const remembered = this.#cache.columnsOf(node.id);
    return remembered ? { columns: remembered, from: 'remembered' } : null;
  }

  #know(id: NodeId, relation: CheckedRelation, key: string): void {
    this.relations.set(id, relation);
    const node = this.#manifest.nodes.get(id);
    this.#cache.keep(id, key, relation.columns, node?.kind === 'model' ? this.#keys.ofTemplate(node) : null);
  }

  #context(): FaultContext {
    return { manifest: this.#manifest, engine: this.#engine, project: this.#options.project };
  }
}

/** Tables cannot have all the columns that it may return. */
function describedOnly(model: RenderedModel): RenderedModel {
  const { node, sql, statements } = model;
  const describe = { sql: describeSelect(sql), settings: node.config.query_settings };
  return { ...model, isDescribed: true, statements: [describe, ...statements.slice(1)] };
}
