import { quoteName } from '../foundation/quote.ts';
import type { ModelNode, NodeId } from '../manifest/manifest.ts';
import { type Relation, relationSql } from '../manifest/relation.ts';
import { alterEmptyTable, tableClauses } from '../materializations/table-clauses.ts';
import type { ModelConfig } from '../project/model-config.ts';
import type { EngineAnswer, EngineStatement } from './check-engine.ts';
import type { TypedColumn } from './checked-graph.ts';
import { columnFinding, type FaultContext, layoutFinding } from './explain-model.ts';
import type { Finding } from './finding.ts';
import { offline } from './offline-config.ts';
import { dropTable } from './relation-statements.ts';
import { renderModel } from './render-model.ts';

/** Where layouts are tried. */
export const layoutDatabase = '_gccflow_layout';

type LayoutKey = 'engine' | 'order_by' | 'primary_key' | 'partition_by' | 'ttl' | 'settings' | 'codecs' | 'indexes' | 'projections';

/** A layout to try on the columns that it names. */
interface Probe {
  /** Models that are laid out so, the first one first. */
  readonly nodes: ModelNode[];
  readonly columns: readonly TypedColumn[];
  readonly statements: readonly EngineStatement[];
}

/** Why a layout is refused: for a key of the config, or for the type of a column that no key names. */
interface Reason {
  readonly key: LayoutKey | 'column';
  readonly fault: Refusal;
}

/**
 * Tries layouts of tables: engine, keys, partitions, TTL, settings, codecs, indexes, projections. Models share most of theirs, so each is tried
 * once for the types of the columns it names, on a table of those alone.
 */
export class LayoutProbes {
  readonly #context: FaultContext;
  readonly #probes = new Map<string, Probe>();
  #waiting: Probe[] = [];
  #running: readonly Probe[] = [];
  readonly #refused: Probe[] = [];

  constructor(context: FaultContext) {
    this.#context = context;
  }

  /** A model whose layout is to be tried, unless an equal one was. */
  add(node: ModelNode, columns: readonly TypedColumn[]): void {
    if (['view', 'ephemeral', 'dictionary'].includes(node.config.materialized)) return;
    const named = namedColumns(node.config, columns);
    const key = JSON.stringify([layoutText(node.config), named, node.config.query_settings]);
    const known = this.#probes.get(key);
    if (known) {
      known.nodes.push(node);
      return;
    }
    const probe = { nodes: [node], columns: named, statements: statementsOf(node.config, named) };
    this.#probes.set(key, probe);
    this.#waiting.push(probe);
  }

  /** What to run of those that were added since, in front of a batch whose answers `settle` is given. */
  statements(): readonly EngineStatement[] {
    this.#running = this.#waiting;
    this.#waiting = [];
    return this.#running.flatMap(({ statements }) => statements);
  }

  settle(answers: readonly EngineAnswer[]): void {
    let at = 0;
    for (const probe of this.#running) {
      const own = answers.slice(at, at + probe.statements.length);
      at += probe.statements.length;
      if (own.some(({ kind }) => kind !== 'rows')) this.#refused.push(probe);
    }
    this.#running = [];
  }

  /** Runs what is left, and says what is wrong with all that were refused: each place once, and every model it is wrong for. */
  async finish(): Promise<{ readonly findings: readonly Finding[]; readonly refused: readonly NodeId[] }> {
    const statements = this.statements();
    if (statements.length > 0) this.settle(await this.#context.engine.run(statements));
    const byPlace = new Map<string, Finding>();
    for (const { nodes, columns } of this.#refused) {
      const [first] = nodes;
      const reasons = first ? await this.#reasons(first, columns) : [];
      for (const finding of nodes.flatMap((node) => reasons.map((reason) => this.#findingOf(node, columns, reason)))) {
        const place = JSON.stringify([finding.error.at, finding.error.code]);
        if (!byPlace.has(place)) byPlace.set(place, finding);
      }
    }
    return { findings: [...byPlace.values()], refused: this.#refused.flatMap(({ nodes }) => nodes.map(({ id }) => id)) };
  }

  #findingOf(node: ModelNode, columns: readonly TypedColumn[], { key, fault }: Reason): Finding {
    const { manifest, project } = this.#context;
    const typed =
      key === 'column' && fault.kind === 'fault' ? columnFinding(renderModel(manifest, node), columns, fault, this.#context) : null;
    return typed ?? layoutFinding(node, key === 'column' ? 'engine' : key, fault, project);
  }

  /** A key is at fault where the layout without it is one; several may be. */
  async #reasons(node: ModelNode, columns: readonly TypedColumn[]): Promise<readonly Reason[]> {
    const reasons: Reason[] = [];
    let { config } = node;
    for (;;) {
      const fault = await this.#refusal(config, columns);
      if (!fault) return reasons;
      const type = fault.kind === 'fault' ? (fault.fault.type ?? '') : '';
      if (type === 'SYNTAX_ERROR') return [...reasons, ...(await this.#unparsable(config, columns, fault))];
      const key = /SUSPICIOUS_TYPE/.test(type) ? 'column' : await this.#guiltyKey(config, columns, fault);
      reasons.push({ key, fault });
      if (key === 'column' || key === 'engine') return reasons;
      config = without(config, key);
    }
  }

  /** A bracket that is missing in one clause is missed in another: each is parsed by itself. */
  async #unparsable(config: ModelConfig, columns: readonly TypedColumn[], fault: Refusal): Promise<readonly Reason[]> {
    const none = removable.reduce((less, key) => without(less, key), { ...config, engine: 'MergeTree' });
    const reasons: Reason[] = [];
    for (const key of ['engine', ...removable] as const) {
      const alone = isStated(config[key]) ? await this.#refusal({ ...none, [key]: config[key] }, columns) : undefined;
      if (alone?.kind === 'fault' && alone.fault.type === 'SYNTAX_ERROR') reasons.push({ key, fault: alone });
    }
    return reasons.length > 0 ? reasons : [{ key: 'engine', fault }];
  }

  async #guiltyKey(config: ModelConfig, columns: readonly TypedColumn[], fault: Refusal): Promise<LayoutKey> {
    let changed: LayoutKey | null = null;
    for (const key of removable) {
      if (!isStated(config[key])) continue;
      const left = await this.#refusal(without(config, key), columns);
      if (!left) return key;
      if (left.kind === 'fault' && fault.kind === 'fault' && left.said !== fault.said) changed ??= key;
    }
    return changed ?? 'engine';
  }

  async #refusal(config: ModelConfig, columns: readonly TypedColumn[]): Promise<Refusal | undefined> {
    const answers = await this.#context.engine.run(statementsOf(config, columns));
    return answers.find((answer) => answer.kind !== 'rows');
  }
}

type Refusal = Exclude<EngineAnswer, { readonly kind: 'rows' }>;

const removable = ['projections', 'indexes', 'codecs', 'settings', 'ttl', 'partition_by', 'primary_key', 'order_by'] as const;

function without(config: ModelConfig, key: (typeof removable)[number]): ModelConfig {
  const empty = key === 'projections' || key === 'indexes' ? [] : key === 'codecs' || key === 'settings' ? {} : null;
  return { ...config, [key]: empty };
}

function isStated(value: unknown): boolean {
  return value !== null && (typeof value !== 'object' || Object.keys(value).length > 0);
}

const table: Relation = { database: layoutDatabase, name: 'layout' };

function statementsOf(config: ModelConfig, columns: readonly TypedColumn[]): readonly EngineStatement[] {
  const list = columns.map(({ name, type }) => `${quoteName(name, 'clickhouse')} ${type}`).join(', ');
  const alone = offline(config);
  return [
    { sql: dropTable({ relation: table }) },
    { sql: storableTypes(true) },
    { sql: `create table ${relationSql(table)} (${list})\n${tableClauses(alone, '')}`, settings: config.query_settings },
    { sql: storableTypes(false) },
    ...alterEmptyTable(table, alone).map(({ sql }) => ({ sql })),
  ];
}

/** Whether tables may hold only what they may by default: a LowCardinality of numbers is for views alone. */
export function storableTypes(alone: boolean): string {
  return `set allow_suspicious_low_cardinality_types = ${alone ? 0 : 1}`;
}

const suspicious = /LowCardinality\((?:Nullable\()?(?!String|FixedString)/;

function layoutText(config: ModelConfig): string {
  return tableClauses(config, '') + JSON.stringify([config.codecs, config.indexes, config.projections]);
}

/** Columns whose names the layout holds; all where it may mean them without naming them, and one where it names none. */
function namedColumns(config: ModelConfig, columns: readonly TypedColumn[]): readonly TypedColumn[] {
  const text = layoutText(config);
  const meansAll = /Summing|Aggregating|Coalescing|Graphite/i.test(config.engine) || config.projections.length > 0;
  const named = meansAll ? columns : columns.filter(({ name, type }) => text.includes(name) || suspicious.test(type));
  return named.length > 0 ? named : [{ name: 'none', type: 'UInt8' }];
}
