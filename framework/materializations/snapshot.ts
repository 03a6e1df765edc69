import type { ConfigMistake } from '../project/builtins.ts';
import type { ModelConfig } from '../project/model-config.ts';
import { planFullBuild } from './full-build.ts';
import { defineMaterialization } from './materialization.ts';
import { planNextVersions } from './snapshot-changes.ts';
import { requireKeys, requireSnapshotColumns } from './snapshot-guards.ts';
import { keyColumns, validToPartition, versionsSql } from './snapshot-versions.ts';

/**
 * The history of what a SELECT returns, in dbt's columns: every row of every run in the version that held then (slowly changing dimension,
 * type 2). A run writes the versions that changed into a clone of the live table; those that ended before are not touched.
 */
export const snapshot = defineMaterialization({
  name: 'snapshot',
  publishes: 'table',
  check: snapshotMistakes,
  plan: (input) => {
    const laidOut = { ...input, config: withLayout(input.config) };
    if (input.incremental) return planNextVersions(laidOut);
    const select = input.sql(false);
    const build = planFullBuild({ ...laidOut, sql: () => versionsSql(laidOut, select) });
    return { ...build, steps: [requireSnapshotColumns(input, select), ...build.steps, requireKeys(input, input.stage)] };
  },
});

/** Versions that ended are kept apart by the month of their end, so that a run rewrites those that hold and no others. */
function withLayout(config: ModelConfig): ModelConfig {
  return {
    ...config,
    order_by: config.order_by ?? `(${keyColumns(config).join(', ')}, dbt_valid_from)`,
    partition_by: config.partition_by ?? validToPartition(config),
    settings: { allow_nullable_key: 1, ...config.settings },
  };
}

function snapshotMistakes(config: ModelConfig): ConfigMistake[] {
  const { unique_key, strategy, updated_at, check_cols, engine } = config;
  const mistakes: ConfigMistake[] = [];
  const add = (key: string, message: string, hint: string): void => void mistakes.push({ code: 'CONFIG_CONFLICT', key, message, hint });
  if (unique_key.length === 0) {
    add('unique_key', `A snapshot tells rows apart by 'unique_key', and none is given.`, 'Give the columns that identify a row.');
  }
  if (strategy !== 'check' && updated_at === null && (strategy === 'timestamp' || check_cols === null)) {
    const hint = `Name the column that says when a row was changed, or compare values with strategy: check and check_cols: all.`;
    add('updated_at', `A snapshot by timestamp tells versions apart by 'updated_at', and none is given.`, hint);
  }
  if (strategy === 'check' && check_cols === null) {
    add('check_cols', `The strategy 'check' compares 'check_cols', and none are given.`, `List the columns, or write check_cols: all.`);
  }
  if (check_cols !== null && (strategy === 'timestamp' || (strategy === null && updated_at !== null))) {
    const hint = `Remove 'check_cols', or say strategy: check.`;
    add('check_cols', `A snapshot by timestamp compares 'updated_at' alone, and 'check_cols' is given.`, hint);
  }
  if (!/^\s*(Shared|Replicated)?MergeTree\b/i.test(engine)) {
    const hint = `Leave 'engine' out: a snapshot is a MergeTree.`;
    add('engine', `A snapshot keeps every version, and the engine '${engine}' does not keep every row, or cannot be cloned.`, hint);
  }
  return mistakes;
}
