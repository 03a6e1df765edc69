import type { ModelConfig } from './model-config.ts';

/** Whether an engine keeps parts: what sorting keys, partitions and CLONE need. */
export function isMergeTree(engine: string): boolean {
  return /^\w*mergetree\b/i.test(engine.trim());
}

/** Whether rows of an equal sorting key stand for one row, so that whoever reads the relation needs FINAL. */
export function readsFinal(config: ModelConfig): boolean {
  if (config.materialized !== 'table' && config.materialized !== 'incremental') return false;
  return /(replacing|collapsing|summing|aggregating|coalescing)\w*mergetree\b/i.test(config.engine);
}
