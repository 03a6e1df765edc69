import type { ModelConfig } from '../project/model-config.ts';

/** The config without what needs other servers: replicas and disks. */
export function offline(config: ModelConfig): ModelConfig {
  const { storage_policy: _policy, disk: _disk, ...settings } = config.settings;
  return { ...config, engine: offlineEngine(config.engine), settings };
}

/** The engine of one server in the place of a replicated or shared one. */
export function offlineEngine(engine: string): string {
  return engine
    .replace(/^Replicated(\w*MergeTree)\s*\(\s*'(?:[^'\\]|\\.)*'\s*,\s*'(?:[^'\\]|\\.)*'\s*,?\s*/, '$1(')
    .replace(/^(?:Replicated|Shared)(?=\w*MergeTree)/, '');
}
