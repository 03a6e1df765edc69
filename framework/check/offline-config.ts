import type { ModelConfig } from '../project/model-config.ts';

/** The config without what needs other servers: replicas and disks. */
export function offline(config: ModelConfig): ModelConfig {
  const { storage_policy: _policy, disk: _disk, ...settings } = config.settings;
  const engine = config.engine
    .replace(/^Replicated(\w*MergeTree)\s*\(\s*'(?:[^'\\]|\\.)*'\s*,\s*'(?:[^'\\]|\\.)*'\s*,?\s*/, '$1(')
    .replace(/^(?:Replicated|Shared)(?=\w*MergeTree)/, '');
  return { ...config, engine, settings };
}
