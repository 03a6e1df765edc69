import { quoteText } from '../foundation/quote.ts';
import { relationSql } from '../manifest/relation.ts';
import type { ConfigMistake } from '../project/builtins.ts';
import { foldsRows } from '../project/engine-family.ts';
import type { ModelConfig, IncrementalStrategy as StrategyName } from '../project/model-config.ts';
import type { BuildInput, BuildPlan } from './materialization.ts';
import { fillSettings } from './table-clauses.ts';
import type { WriteStep } from './write-step.ts';

/** How new rows come into a clone of the live table. */
export interface IncrementalStrategy {
  readonly name: StrategyName;
  readonly check: (config: ModelConfig) => readonly ConfigMistake[];
  /** Follows `startFromClone`; the stage holds the live rows and has the SELECT's columns. */
  readonly write: (input: BuildInput, select: string) => Pick<BuildPlan, 'steps' | 'scratch'>;
}

/** The strategy a config names, or the one that its unique key and engine imply. */
export function strategyOf(config: ModelConfig): StrategyName {
  if (config.incremental_strategy !== null) return config.incremental_strategy;
  return config.unique_key.length > 0 && !foldsRows(config.engine) ? 'delete_insert' : 'append';
}

/** Clones the live table (hard links, milliseconds) and gives the clone the columns of the SELECT. */
export function startFromClone({ live, stage, comment, config }: BuildInput, select: string): WriteStep[] {
  return [
    {
      kind: 'statement',
      purpose: 'clone the live table',
      sql: `create table ${relationSql(stage)} clone as ${relationSql(live)} comment ${quoteText(comment, 'clickhouse')}`,
    },
    {
      kind: 'match_columns',
      purpose: `compare the columns (on_schema_change: ${config.on_schema_change})`,
      sql: select,
      table: stage,
      policy: config.on_schema_change,
      settings: config.query_settings,
    },
  ];
}

/** Puts the SELECT's rows into `into`, by name. */
export function insertSelect({ config }: BuildInput, into: BuildInput['stage'], select: string, purpose: string): WriteStep {
  return { kind: 'insert', purpose, into, sql: select, columnsBy: 'name', settings: fillSettings(config) };
}

/** A further table of ours with the stage's columns, keys and partitions, empty. */
export function createLike({ stage, comment }: BuildInput, table: BuildInput['stage'], purpose: string): WriteStep {
  const sql = `create table ${relationSql(table)} as ${relationSql(stage)} comment ${quoteText(comment, 'clickhouse')}`;
  return { kind: 'statement', purpose, sql };
}

/** Moves every partition of `from` into the stage: metadata only. */
export function attachAll({ stage }: BuildInput, from: BuildInput['stage'], purpose: string): WriteStep {
  return { kind: 'statement', purpose, sql: `alter table ${relationSql(stage)} attach partition all from ${relationSql(from)}` };
}
