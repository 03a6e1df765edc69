import { sortTopologically } from '../manifest/graph.ts';
import type { Manifest, ModelNode, NodeId } from '../manifest/manifest.ts';
import { addedColumns } from '../materializations/added-columns.ts';
import type { CheckEngine, EngineAnswer } from './check-engine.ts';
import type { GraphInEngine } from './checked-graph.ts';
import { columnsByTable, columnsSql, tableKey } from './column-query.ts';
import { createInputs } from './create-inputs.ts';
import { unaskedFinding } from './explain-model.ts';
import { thrownFinding } from './fault-finding.ts';
import { type CheckGraphOptions, GraphState } from './graph-state.ts';
import { isInline, isRelation, type RelationNode } from './graph-tables.ts';
import { ownAnswers, sentStatements, sentTables } from './incremental-table.ts';
import { ModelAnswers } from './model-answers.ts';
import { describedColumns, describeSelect } from './relation-statements.ts';
import { type RenderedModel, renderModel } from './render-model.ts';

/** Models sent to the engine at once: those of the next batch are rendered while it works. */
const batchSize = 200;

/**
 * The graph with its types. Creates sources, seeds and models as empty tables in graph order, and is told by ClickHouse what columns each has
 * or what is wrong with it. All mistakes are found in one go: what reads a broken model is checked against what its SQL still returns, the
 * columns its contract has or those it had at the last check, or is not checked. A model that is as it was when the cache knew it, and reads what it read, is not sent to ClickHouse.
 */
export async function checkGraph(manifest: Manifest, engine: CheckEngine, options: CheckGraphOptions): Promise<GraphInEngine> {
  const state = new GraphState(manifest, engine, options);
  const wanted = relationsOf(state.manifest, options.only ?? null);
  const unsound = options.unsound ?? new Set();
  const inputs = wanted.flatMap((node) => (node.kind === 'model' || unsound.has(node.id) ? [] : [node]));
  await createInputs(inputs, state);
  const models = wanted.filter((node) => node.kind === 'model');
  await new ModelChecks(state, unsound).run(models);
  return state;
}

/** Sources, seeds and models that take part, parents first. `only`: those that are asked about; all where null. */
function relationsOf({ nodes, parents }: Manifest, only: ReadonlySet<NodeId> | null): readonly RelationNode[] {
  const wanted = only && new Set(only);
  if (wanted) for (const id of wanted) for (const parent of parents.get(id) ?? []) wanted.add(parent);
  const order = sortTopologically(parents).flatMap((id) => nodes.get(id) ?? []);
  return order.filter((node): node is RelationNode => isRelation(node) && (wanted === null || wanted.has(node.id)));
}

/** Sends models to the engine, batch by batch. */
class ModelChecks {
  readonly #state: GraphState;
  readonly #unsound: ReadonlySet<NodeId>;
  readonly #answers: ModelAnswers;
  /** Models that were sent, or are to be, and are not answered. */
  readonly #sent = new Set<NodeId>();

  constructor(state: GraphState, unsound: ReadonlySet<NodeId>) {
    this.#state = state;
    this.#unsound = unsound;
    this.#answers = new ModelAnswers(state);
  }

  /** `models`: parents first. */
  async run(models: readonly ModelNode[]): Promise<void> {
    const queue = [...models];
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
    const { findings, refused } = await this.#state.probes.finish();
    this.#state.findings.push(...findings);
    const faulty = new Set([...this.#state.findings.map(({ node }) => node), ...refused]);
    this.#state.cache.forget((id) => faulty.has(id));
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
      const parents = this.#state.parentsOf(node.id);
      const isOpen = parents.some((parent) => this.#sent.has(parent));
      if (this.#unsound.has(node.id)) this.#state.replace(node, this.#state.standIn(node));
      else if (parents.some((parent) => waiting.has(parent)) || (isOpen && this.#state.cache.has(node.id))) {
        waiting.add(node.id);
        left.push(node);
      } else if (!this.#skip(node, parents)) {
        if (!isOpen && this.#isAsItWas(node)) continue;
        const model = this.#render(node);
        if (!model) continue;
        const key = isOpen ? null : this.#state.keys.of(model);
        const known = key === null ? undefined : this.#state.cache.find(node.id, key);
        if (known && key !== null) this.#state.know(node.id, { columns: known, from: 'checked' }, key);
        else batch.push(model);
        if (!known) this.#sent.add(node.id);
      }
    }
    queue.unshift(...left);
    return batch;
  }

  /** Whether a model and all that it is rendered of are as they were; it is known then. */
  #isAsItWas(node: ModelNode): boolean {
    const key = this.#state.keys.ofTemplate(node);
    const columns = key === null ? undefined : this.#state.cache.keepTemplate(node.id, key);
    if (columns) this.#state.relations.set(node.id, { columns, from: 'checked' });
    return columns !== undefined;
  }

  /** Notes a model that cannot be checked because of one that it reads. */
  #skip(node: ModelNode, parents: readonly NodeId[]): boolean {
    const unknown = parents.find(
      (id) => !this.#state.relations.has(id) && !this.#sent.has(id) && isRelation(this.#state.manifest.nodes.get(id)),
    );
    if (unknown !== undefined) this.#state.notChecked.set(node.id, this.#state.notChecked.get(unknown) ?? unknown);
    return unknown !== undefined;
  }

  #render(node: ModelNode): RenderedModel | null {
    try {
      const model = renderModel(this.#state.manifest, node, this.#state.tables.isReadAsTable(node.id));
      if (!model.asks) return this.#state.unknownAbove(node).size > 0 ? describedOnly(model) : model;
      this.#state.findings.push(unaskedFinding(model, model.asks, this.#state));
    } catch (thrown) {
      this.#state.findings.push(thrownFinding(node, thrown));
    }
    this.#state.replace(node, this.#state.standIn(node));
    return null;
  }

  #send(batch: readonly RenderedModel[]): Promise<readonly EngineAnswer[]> {
    const parents = batch.flatMap(({ node }) => this.#state.parentsOf(node.id));
    const before = [...this.#state.probes.statements(), ...this.#state.tables.missing(parents)];
    const statements = [...before, ...batch.flatMap(sentStatements), { sql: columnsSql(batch.flatMap(sentTables)) }];
    return this.#state.engine.run(statements).then((answers) => {
      this.#state.probes.settle(answers);
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
      const own = await ownAnswers(model, answers.slice(at, at + statements.length), columns, this.#state.engine);
      at += statements.length;
      this.#sent.delete(node.id);
      const parents = this.#state.parentsOf(node.id);
      if (parents.some((parent) => again.some(({ id }) => id === parent))) {
        again.push(node);
        continue;
      }
      if (this.#skip(node, parents)) continue;
      if (own[0]?.kind === 'rows') {
        const found = model.isDescribed ? describedColumns(own[0]) : (columns.get(tableKey(node)) ?? []);
        await this.#answers.accept(model, [...found, ...addedColumns(node.config)], own);
        if (model.isDescribed && !isInline(node)) late.add(node.id);
      } else if (parents.some((parent) => late.has(parent))) {
        again.push(node);
        late.add(node.id);
      } else {
        await this.#answers.reject(model, own);
        late.add(node.id);
      }
    }
    return again;
  }
}

/** Tables cannot have all the columns that it may return. */
function describedOnly(model: RenderedModel): RenderedModel {
  const { node, sql, statements } = model;
  const describe = { sql: describeSelect(sql), settings: node.config.query_settings };
  return { ...model, isDescribed: true, statements: [describe, ...statements.slice(1)] };
}
