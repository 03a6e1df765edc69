import type { ConfigMistake } from '../project/builtins.ts';
import { didYouMeanMergeTree, isMergeTree } from '../project/engine-family.ts';
import type { ModelConfig } from '../project/model-config.ts';

/** Keys of a table's layout that its engine has no place for. */
export function layoutMistakes(config: ModelConfig): ConfigMistake[] {
  if (isMergeTree(config.engine)) return [];
  const hint = didYouMeanMergeTree(config.engine);
  const keys = (['order_by', 'primary_key', 'partition_by', 'ttl'] as const).filter((key) => config[key] !== null);
  const [first] = keys;
  if (first !== undefined && hint !== undefined) {
    const message = `'${first}' needs an engine of the MergeTree family, and the engine is '${config.engine}'.`;
    return [{ code: 'CONFIG_CONFLICT', key: 'engine', message, hint }];
  }
  return keys.map((key) => ({
    code: 'CONFIG_CONFLICT',
    key,
    message: `'${key}' needs an engine of the MergeTree family, and the engine is '${config.engine}'.`,
    hint: `Remove '${key}', or choose a MergeTree engine.`,
  }));
}
