import { quoteName, quoteText } from '../foundation/quote.ts';
import { sortTopologically } from '../manifest/graph.ts';
import type { Manifest, ModelNode, Node, NodeId, SeedNode, SourceNode } from '../manifest/manifest.ts';
import type { Project } from '../project/project.ts';
import type { CheckEngine, EngineAnswer, EngineStatement } from './check-engine.ts';
import type { CheckedGraph, CheckedRelation, TypedColumn } from './checked-graph.ts';
import { compareBranches } from './compare-branches.ts';
import { declaredColumns, typedColumns } from './declared-columns.ts';
import { explainColumns, explainModel, type FaultContext, thrownFinding } from './explain-model.ts';
import type { Finding } from './finding.ts';
import { createStub, describedColumns } from './relation-statements.ts';
import { type RenderedModel, renderModel } from './render-model.ts';

/** What a check of the graph needs besides the graph. */
export interface CheckGraphOptions {
  readonly project: Project;
  /** Columns and types of a seed's file. Throws SEED_INVALID. */
  readonly seedColumns: (seed: SeedNode) => Promise<readonly TypedColumn[]>;
  /** What a model returned at the last check, where it is known. */
  readonly remembered?: ReadonlyMap<NodeId, readonly TypedColumn[]>;
}

type RelationNode = SourceNode | SeedNode | ModelNode;

/** Models sent to the engine at once: those of the next batch are rendered while it works. */
const batchSize = 64;

/**
 * The graph with its types. Creates every source, seed and model as an empty table in graph order, so that afterwards the engine holds every
 * relation whose columns are known. All mistakes are found in one go: what reads a broken model is checked against the columns it declares
 * or had at the last check, or is not checked.
 */
export async function checkGraph(manifest: Manifest, engine: CheckEngine, options: CheckGraphOptions): Promise<CheckedGraph> {
  const checker = new GraphChecker(manifest, engine, options);
  await checker.createDatabases();
  await checker.createInputs();
  await checker.createModels();
  return checker;
}

class GraphChecker implements CheckedGraph {
  readonly relations = new Map<NodeId, CheckedRelation>();
  readonly notChecked = new Map<NodeId, NodeId>();
  readonly findings: Finding[] = [];
  readonly #manifest: Manifest;
  readonly #engine: CheckEngine;
  readonly #options: CheckGraphOptions;

  constructor(manifest: Manifest, engine: CheckEngine, options: CheckGraphOptions) {
    this.#manifest = manifest;
    this.#engine = engine;
    this.#options = options;
  }

  async createDatabases(): Promise<void> {
    const databases = new Set([...this.#manifest.nodes.values()].flatMap((node) => ('relation' in node ? [node.relation.database] : [])));
    const create = (name: string): string => `create database if not exists ${quoteName(name, 'clickhouse')} engine = Memory`;
    await this.#engine.run([...databases].map((name) => kept(create(name))));
  }

  /** Sources and seeds. */
  async createInputs(): Promise<void> {
    for (const node of this.#manifest.nodes.values()) {
      if (node.kind === 'source') {
        const columns = declaredColumns(node, this.#manifest);
        if (columns) await this.#createStub(node, columns);
      } else if (node.kind === 'seed') await this.#createSeed(node);
    }
  }

  async createModels(): Promise<void> {
    const order = sortTopologically(this.#manifest.parents);
    let waiting = order.flatMap((id) => this.#manifest.nodes.get(id) ?? []).filter((node) => node.kind === 'model');
    let batch = await this.#render(waiting.splice(0, batchSize));
    while (batch.length > 0) {
      const running = this.#engine.run([...batch.flatMap(({ statements }) => statements), { sql: columnsSql(batch) }]);
      const next = await this.#render(waiting.splice(0, batchSize));
      const again = await this.#settle(batch, await running);
      waiting = again.length > 0 ? [...next.map(({ node }) => node), ...waiting] : waiting;
      batch = again.length > 0 ? await this.#render(again) : next;
    }
  }

  async #createSeed(node: SeedNode): Promise<void> {
    try {
      await this.#createStub(node, await this.#options.seedColumns(node));
    } catch (thrown) {
      this.findings.push(thrownFinding(node, thrown));
    }
  }

  /** An empty table of declared columns; reports those that are none. */
  async #createStub(node: RelationNode, columns: readonly TypedColumn[], from: 'declared' | 'remembered' = 'declared'): Promise<void> {
    const [answer] = await this.#engine.run([kept(createStub(node.relation, columns))]);
    if (answer?.kind === 'rows') this.relations.set(node.id, { columns, from });
    else if (answer) this.findings.push(...(await explainColumns(node, columns, answer, this.#engine)));
  }

  async #render(nodes: readonly ModelNode[]): Promise<readonly RenderedModel[]> {
    const models: RenderedModel[] = [];
    for (const node of nodes) {
      try {
        models.push(renderModel(this.#manifest, node));
      } catch (thrown) {
        this.findings.push(thrownFinding(node, thrown));
        await this.#standIn(node);
      }
    }
    return models;
  }

  /** Takes in what became of a batch; gives back the models to send again, because what they read is there only now. */
  async #settle(batch: readonly RenderedModel[], answers: readonly EngineAnswer[]): Promise<readonly ModelNode[]> {
    const columns = columnsByTable(answers.at(-1));
    const late = new Set<NodeId>();
    const again: ModelNode[] = [];
    let at = 0;
    for (const model of batch) {
      const { node } = model;
      const own = answers.slice(at, at + model.statements.length);
      at += model.statements.length;
      const parents = this.#manifest.parents.get(node.id) ?? [];
      const cause = this.#causeAmong(parents);
      if (cause !== undefined) this.notChecked.set(node.id, cause);
      else if (own[0]?.kind === 'rows') {
        const found = model.isInline ? describedColumns(own[0]) : (columns.get(tableKey(node)) ?? []);
        this.relations.set(node.id, { columns: found, from: 'checked' });
        if (own.some(({ kind }) => kind !== 'rows')) this.findings.push(...(await explainModel(model, own, this.#context())).findings);
        this.findings.push(...compareBranches(model, found, own));
      } else if (parents.some((parent) => late.has(parent))) {
        again.push(node);
        late.add(node.id);
      } else {
        const { findings, columns: bare } = await explainModel(model, own, this.#context());
        this.findings.push(...findings);
        if (bare) this.relations.set(node.id, { columns: bare, from: 'checked' });
        else await this.#standIn(node);
        late.add(node.id);
      }
    }
    return again;
  }

  /** Gives the readers of a broken model something to be checked against, where anything is known. */
  async #standIn(node: ModelNode): Promise<void> {
    const declared = typedColumns(node.columns);
    const remembered = this.#options.remembered?.get(node.id);
    if (declared) await this.#createStub(node, declared);
    else if (remembered) await this.#createStub(node, remembered, 'remembered');
  }

  /** The broken node because of which a node that reads these cannot be checked. */
  #causeAmong(parents: readonly NodeId[]): NodeId | undefined {
    const unknown = parents.find((id) => !this.relations.has(id) && isRelation(this.#manifest.nodes.get(id)));
    return unknown === undefined ? undefined : (this.notChecked.get(unknown) ?? unknown);
  }

  #context(): FaultContext {
    return { manifest: this.#manifest, engine: this.#engine, project: this.#options.project };
  }
}

/** A statement that an engine that starts anew runs again. */
function kept(sql: string): EngineStatement {
  return { sql, keep: sql };
}

function isRelation(node: Node | undefined): boolean {
  return node !== undefined && 'relation' in node;
}

function columnsSql(batch: readonly RenderedModel[]): string {
  const tables = batch
    .filter(({ isInline }) => !isInline)
    .map(({ node: { relation } }) => `(${text(relation.database)}, ${text(relation.name)})`);
  return `select database, table, name, type from system.columns where (database, table) in (${tables.join(', ') || `('', '')`})`;
}

const text = (value: string): string => quoteText(value, 'clickhouse');

const tableKey = ({ relation }: ModelNode): string => `${relation.database}\0${relation.name}`;

function columnsByTable(answer: EngineAnswer | undefined): ReadonlyMap<string, readonly TypedColumn[]> {
  const byTable = new Map<string, TypedColumn[]>();
  for (const [database, table, name, type] of answer?.kind === 'rows' ? answer.rows : []) {
    const key = `${String(database)}\0${String(table)}`;
    const columns = byTable.get(key) ?? [];
    columns.push({ name: String(name), type: String(type) });
    byTable.set(key, columns);
  }
  return byTable;
}
