import type { ConfigMistake } from '../project/builtins.ts';
import { didYouMeanMergeTree, isMergeTree } from '../project/engine-family.ts';
import type { ModelConfig } from '../project/model-config.ts';
import { planFullBuild, startEmpty } from './full-build.ts';
import { incrementalStrategies } from './incremental-strategies/index.ts';
import { startFromClone, strategyOf } from './incremental-strategy.ts';
import { layoutMistakes } from './layout-mistakes.ts';
import { type BuildInput, type BuildPlan, defineMaterialization } from './materialization.ts';

/** A table to which every run brings the new rows: written into a clone of the live table, which then takes its place. */
export const incremental = defineMaterialization({
  name: 'incremental',
  publishes: 'table',
  check: (config) => [
    ...cloneMistakes(config),
    ...(didYouMeanMergeTree(config.engine) === undefined ? layoutMistakes(config) : []), // of the engine that is meant, told already
    ...intervalMistakes(config),
    ...incrementalStrategies[strategyOf(config)].check(config),
  ],
  plan: (input) => {
    if (strategyOf(input.config) === 'interval') return planIntervals(input);
    if (!input.incremental) return planFullBuild(input);
    const select = input.sql(true);
    const { steps, scratch } = incrementalStrategies[strategyOf(input.config)].write(input, select);
    return { mode: 'incremental', reason: input.reason, steps: [...startFromClone(input, select), ...steps], scratch };
  },
});

/** The intervals' SELECT is the same in every run: what it returns for an interval takes the place of all that was there of it. */
function planIntervals(input: BuildInput): BuildPlan {
  const select = input.sql(false);
  const { steps, scratch } = incrementalStrategies.interval.write(input, select);
  const start = input.incremental ? startFromClone(input, select) : startEmpty(input, select);
  return { mode: input.incremental ? 'incremental' : 'full', reason: input.reason, steps: [...start, ...steps], scratch };
}

/** Who says how long an interval is means to be built by intervals. */
function intervalMistakes(config: ModelConfig): ConfigMistake[] {
  const strategy = strategyOf(config);
  if (config.batch_size === null || strategy === 'interval') return [];
  return [
    {
      code: 'CONFIG_CONFLICT',
      key: 'batch_size',
      message: `'batch_size' is of the strategy 'interval', and the strategy is '${strategy}'.`,
      hint: `Set incremental_strategy: interval, or remove 'batch_size'.`,
    },
  ];
}

function cloneMistakes({ engine }: ModelConfig) {
  if (isMergeTree(engine)) return [];
  return [
    {
      code: 'CONFIG_CONFLICT' as const,
      key: 'engine',
      message: `An incremental model is written into a clone of its table, and ClickHouse cannot clone the engine '${engine}'.`,
      hint: didYouMeanMergeTree(engine) ?? 'Choose an engine of the MergeTree family, or materialize the model as a table.',
    },
  ];
}
