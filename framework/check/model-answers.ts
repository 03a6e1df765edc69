import type { ModelNode, NodeId } from '../manifest/manifest.ts';
import { addedColumns } from '../materializations/added-columns.ts';
import { keyOfDictionary } from '../materializations/dictionary-sql.ts';
import { layoutOf } from './check-cache.ts';
import type { EngineAnswer } from './check-engine.ts';
import type { CheckedRelation, TypedColumn } from './checked-graph.ts';
import { compareBranches } from './compare-branches.ts';
import { examineModel } from './examine-model.ts';
import { explainModel } from './explain-model.ts';
import type { Finding } from './finding.ts';
import { foreignDictionaries, foreignTables, indexRelations } from './foreign-tables.ts';
import type { GraphState } from './graph-state.ts';
import { tablesBehind } from './graph-tables.ts';
import { isOfHook } from './hook-objects.ts';
import { dictionaryKeys } from './late-faults/dictionary-keys.ts';
import type { KeyTypes } from './late-faults/doubtful-keys.ts';
import { lateFaults } from './late-faults/late-faults.ts';
import type { RenderedModel } from './render-model.ts';
import { dependentColumns, followsFromUnknown, type RepairedColumns, repairedColumns, withKnownTypes } from './unknown-columns.ts';
import { isUnknown, unknownNames } from './unknown-type.ts';

/** Takes in what ClickHouse says of models: their columns, and what is wrong with them. */
export class ModelAnswers {
  readonly #state: GraphState;
  readonly #index: ReadonlyMap<string, NodeId>;
  readonly #keyTypes: KeyTypes;

  constructor(state: GraphState) {
    this.#state = state;
    this.#index = indexRelations(state.given);
    this.#keyTypes = dictionaryKeys(state.manifest, state.relations);
  }

  /** A model that ClickHouse takes. `columns`: what it returns. */
  async accept(model: RenderedModel, columns: readonly TypedColumn[], answers: readonly EngineAnswer[]): Promise<void> {
    const { node } = model;
    const above = this.#state.unknownAbove(node);
    const typed = above.size > 0 ? this.#withKnownTypes(node, dependentColumns(model.sql, columns, above)) : columns;
    let own = answers;
    if (above.size > 0) own = [...answers.slice(0, 1), ...(await this.#acceptPartly(model, typed))];
    else if (!lacksKey(node, columns)) {
      this.#state.know(node.id, { columns, from: 'checked' }, this.#state.keys.of(model));
      if (!model.isDescribed) this.#state.tables.add(node.id);
      this.#state.probes.add(node, columns);
    }
    const isFollowUp = (finding: Finding): boolean => followsFromUnknown(finding, above);
    const said = own.some(({ kind }) => kind !== 'rows') ? (await explainModel(model, own, this.#state)).findings : [];
    const found = [...said, ...compareBranches(model, columns, own, this.#state.manifest), ...(await this.#examine(model, typed))];
    this.#state.findings.push(...found.filter((finding) => !isFollowUp(finding)));
  }

  /** A model that ClickHouse refuses. */
  async reject(model: RenderedModel, answers: readonly EngineAnswer[]): Promise<void> {
    const { node } = model;
    const above = this.#state.unknownAbove(node);
    const { findings, columns } = await explainModel(model, answers, this.#state);
    const own = findings.filter((finding) => !followsFromUnknown(finding, above) && !this.#isOfOthers(node, finding));
    this.#state.findings.push(...own);
    if (own.length === 0 && findings.length > 0) this.#state.notChecked.set(node.id, this.#state.unknownParent(node) ?? node.id);
    if (columns) {
      this.#state.relations.set(node.id, { columns, from: 'checked' });
      this.#state.tables.add(node.id);
      this.#state.probes.add(node, columns);
      const more = await this.#examine(model, columns);
      this.#state.findings.push(...more.filter((finding) => !followsFromUnknown(finding, above)));
      return;
    }
    const repaired = await repairedColumns(model, findings, above, this.#state.engine);
    const usable = repaired && this.#usable(node, repaired);
    this.#state.replace(node, usable ?? this.#state.standIn(node));
    if (!usable) return;
    this.#tryLayout(node, usable.columns);
    const places = new Set(findings.map(({ error }) => JSON.stringify(error.at)));
    const others = model.incrementalSql === null ? [] : await this.#explainSteps(model, await this.#askAgain(model));
    const lost = new Set([...above, ...unknownNames(usable)]);
    const more = [...others, ...(await this.#examineColumns(model, usable.columns))];
    this.#state.findings.push(
      ...more.filter((finding) => !places.has(JSON.stringify(finding.error.at)) && !followsFromUnknown(finding, lost)),
    );
  }

  /** What is wrong with the steps behind the first. */
  async #explainSteps(model: RenderedModel, answers: readonly EngineAnswer[]): Promise<readonly Finding[]> {
    const { findings } = await explainModel(model, [{ kind: 'rows', rows: [], names: [] }, ...answers], this.#state);
    return findings;
  }

  /** Whether a finding is about what others make: tables of hooks, and keys of dictionaries that no file declares. */
  #isOfOthers({ id }: ModelNode, { error }: Finding): boolean {
    const looksUp = this.#state.parentsOf(id).some((parent) => this.#state.dictionaries.sources.has(parent));
    return isOfHook(error, this.#state.hooked) || (looksUp && error.code === 'CHECK_TYPE' && /\bkeys?\b/i.test(error.message));
  }

  /** A model that reads columns which nobody knows: another table takes the place of its own. Gives back what became of its other steps. */
  async #acceptPartly(model: RenderedModel, columns: readonly TypedColumn[]): Promise<readonly EngineAnswer[]> {
    const { node } = model;
    if (!model.isDescribed) await this.#state.engine.run([this.#state.tables.replaced(node)]);
    const known = columns.filter((column) => !isUnknown(column));
    if (!lacksKey(node, known)) this.#state.replace(node, { columns, from: 'repaired' });
    this.#tryLayout(node, columns);
    const cause = columns.some(isUnknown) ? this.#state.unknownParent(node) : undefined;
    if (cause !== undefined) this.#state.notChecked.set(node.id, cause);
    return this.#askAgain(model);
  }

  /** What becomes of the steps behind the first of a model whose table has been replaced. */
  async #askAgain({ node, statements }: RenderedModel): Promise<readonly EngineAnswer[]> {
    const tables = this.#state.tables.missing([node.id]);
    const answers = await this.#state.engine.run([...tables, ...statements.slice(1)]);
    return answers.slice(tables.length);
  }

  async #examine(model: RenderedModel, columns: readonly TypedColumn[]): Promise<readonly Finding[]> {
    return [
      ...(await this.#examineColumns(model, columns)),
      ...(await lateFaults(model, { ...this.#state, keyTypes: this.#keyTypes, columns })),
    ];
  }

  async #examineColumns(model: RenderedModel, columns: readonly TypedColumn[]): Promise<readonly Finding[]> {
    const sources = this.#state.tables.tablesOf(this.#state.parentsOf(model.node.id)).map(({ id }) => id);
    const readsVariant = sources.some((id) => this.#state.relations.get(id)?.columns.some(({ type }) => type.includes('Variant(')));
    const inSql = tablesBehind(this.#state.parentsOf(model.node.id), this.#state.given).map(({ id }) => id); // also of an inline model that is not as its SQL says
    return [
      ...(await examineModel(model, columns, readsVariant, this.#state)),
      ...foreignTables(model, new Set([...sources, ...inSql]), this.#index, this.#state.manifest),
      ...foreignDictionaries(model, this.#state.dictionaries.foreignOf(model.node, this.#state.given), this.#state.manifest),
    ];
  }

  /** What a broken model returns without its mistakes; null for a dictionary without its key. */
  #usable(node: ModelNode, { columns: found, isRenamed }: RepairedColumns): CheckedRelation | null {
    const columns = this.#withKnownTypes(node, [...found, ...addedColumns(node.config)]);
    const known = columns.filter((column) => !isUnknown(column));
    if (lacksKey(node, known)) return null;
    if (!isRenamed) return { columns, from: 'repaired' };
    const read = this.#state.parentsOf(node.id).flatMap((id) => this.#state.relations.get(id)?.columns ?? []);
    const meant = [...read, ...node.columns, ...(this.#state.cache.columnsOf(node.id) ?? [])].map(({ name }) => name);
    return { columns, from: 'repaired', meant: new Set(meant).difference(new Set(columns.map(({ name }) => name))) };
  }

  /** Tries the layout of a model of which some columns are unknown, unless it may mean them. */
  #tryLayout(node: ModelNode, columns: readonly TypedColumn[]): void {
    const layout = JSON.stringify(layoutOf(node));
    const lost = unknownNames(this.#state.relations.get(node.id));
    if ([...lost].some((name) => layout.includes(name)) || layout.includes('MergeTree(')) return;
    this.#state.probes.add(
      node,
      columns.filter((column) => !isUnknown(column)),
    );
  }

  #withKnownTypes(node: ModelNode, columns: readonly TypedColumn[]): readonly TypedColumn[] {
    return withKnownTypes(columns, node, this.#state.cache.columnsOf(node.id));
  }
}

/** Whether a dictionary cannot be made of these columns. */
function lacksKey({ config }: ModelNode, columns: readonly TypedColumn[]): boolean {
  return config.materialized === 'dictionary' && !keyOfDictionary(config).every((key) => columns.some(({ name }) => name === key));
}
