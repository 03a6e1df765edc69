import type { ModelConfig } from '../project/model-config.ts';
import { versionColumns } from './snapshot-versions.ts';

/** The columns that a model's relation has behind those of its SELECT. */
export function addedColumns(config: ModelConfig): readonly { readonly name: string; readonly type: string }[] {
  return config.materialized === 'snapshot' ? versionColumns(config) : [];
}
