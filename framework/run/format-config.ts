import { createHash } from 'node:crypto';
import type { ModelNode, SeedNode, TestNode } from '../manifest/manifest.ts';
import { ModelConfig } from '../project/model-config.ts';
import { TestConfig } from '../project/test-config.ts';

/** Config in dbt's words, with gccflow's own keys beside them. What dbt calls the schema is ClickHouse's database. */
export function formatConfig({ config, meta, tags }: ModelNode | SeedNode) {
  const { pre_hook, post_hook, database, unique_key, contract, ...own } = config;
  return {
    ...own,
    schema: database,
    database: null,
    tags: [...tags],
    meta: { ...meta },
    group: null,
    unique_key: unique_key.length === 0 ? null : unique_key,
    persist_docs: {},
    quoting: {},
    packages: [],
    on_configuration_change: 'apply',
    docs: { show: true, node_color: null },
    contract: { ...contract, alias_types: true },
    access: 'protected',
    freshness: null,
    'pre-hook': formatHooks(pre_hook),
    'post-hook': formatHooks(post_hook),
  };
}

const formatHooks = (texts: readonly string[]) => texts.map((sql) => ({ sql, transaction: false, index: null }));

/** Whether the declared columns are held, and a hash of them where they are. */
export function formatContract({ config: { contract }, columns }: ModelNode) {
  const declared = columns.map(({ name, type }) => [name, type]);
  const checksum = contract.enforced ? createHash('sha256').update(JSON.stringify(declared)).digest('hex') : null;
  return { enforced: contract.enforced, alias_types: true, checksum };
}

export function formatTestConfig({ config, meta, tags }: TestNode) {
  return {
    ...config,
    tags: [...tags],
    meta: { ...meta },
    alias: null,
    schema: null,
    database: null,
    group: null,
    materialized: 'test',
    severity: config.severity.toUpperCase(),
    store_failures_as: config.store_failures ? 'table' : null,
    sql_header: null,
  };
}

/** Config as the files state it: all values are literals, so it is what differs from the defaults. */
export function unrenderedConfig({ kind, config }: ModelNode | SeedNode): Record<string, unknown> {
  const { materialized, ...own } = differing(config, modelDefaults);
  return kind === 'seed' || materialized === undefined ? own : { materialized, ...own };
}

export function unrenderedTestConfig({ config }: TestNode): Record<string, unknown> {
  return differing(config, testDefaults);
}

const modelDefaults = byKey(ModelConfig.parse({}));
const testDefaults = byKey(TestConfig.parse({}));

function byKey(defaults: object): ReadonlyMap<string, string | undefined> {
  return new Map(Object.entries(defaults).map(([key, value]) => [key, JSON.stringify(value)]));
}

function differing(config: object, defaults: ReadonlyMap<string, string | undefined>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(config).filter(([key, value]) => JSON.stringify(value) !== defaults.get(key)));
}
