import { z } from 'zod';
import { Texts } from './broker-names.ts';

/** ClickHouse of a target. */
export const WarehouseConfig = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('embedded'),
    path: z.string().default('.gccflow/warehouse').describe("Data directory, relative to the project's folder."),
    database: z.string().default('dbt').describe('Database of models that name none.'),
  }),
  z.strictObject({
    type: z.literal('clickhouse'),
    url: z.string().describe('http(s)://user:password@host:8123'),
    database: z.string().default('dbt'),
    cluster: z.string().nullable().default(null).describe('Refused unless null: gccflow publishes to one server.'),
  }),
]);
export type WarehouseConfig = z.infer<typeof WarehouseConfig>;

/** PostgreSQL of a target. */
export const PostgresConfig = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('embedded'),
    path: z.string().default('.gccflow/postgres').describe("Data directory, relative to the project's folder."),
  }),
  z.strictObject({ type: z.literal('postgres'), url: z.string().describe('postgres://user:password@host:5432/database') }),
]);
export type PostgresConfig = z.infer<typeof PostgresConfig>;

/** Object store of a target. */
export const ObjectsConfig = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('filesystem'), path: z.string().default('.gccflow/objects') }),
  z.strictObject({
    type: z.literal('s3'),
    bucket: z.string(),
    prefix: z.string().default(''),
    region: z.string().default('us-east-1'),
    endpoint: z.string().nullable().default(null).describe('URL of an S3-compatible server; AWS where null.'),
    access_key_id: z.string().nullable().default(null).describe("From the environment; the SDK's own chain where null."),
    secret_access_key: z.string().nullable().default(null),
  }),
]);
export type ObjectsConfig = z.infer<typeof ObjectsConfig>;

/** Message broker of a target. */
export const BrokerConfig = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('embedded') }),
  z.strictObject({ type: z.literal('rabbitmq'), url: z.string() }),
]);
export type BrokerConfig = z.infer<typeof BrokerConfig>;

const LimiterCommon = {
  when_away: z
    .enum(['fail_closed', 'fail_open'])
    .default('fail_closed')
    .describe('What becomes of calls while the limiter is away: they wait, or are let through without being counted.'),
};

/**
 * Rate-limit store of a target. A Redis must keep `maxmemory-policy noeviction`, the default: any other throws counts away when its memory is
 * full. A full one lets nothing through.
 */
export const LimiterConfig = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('embedded'), ...LimiterCommon }),
  z.strictObject({
    type: z.literal('redis'),
    url: z
      .string()
      .describe('redis(s)://user:password@host:6379/0. It must have maxmemory-policy noeviction: else limits may be exceeded.'),
    prefix: z
      .string()
      .default('{gccflow}')
      .describe(
        'What its keys begin with. A part in braces keeps them on one node of a Redis Cluster, as limits that are taken together must be.',
      ),
    ...LimiterCommon,
  }),
]);
export type LimiterConfig = z.infer<typeof LimiterConfig>;

/** Where assets are stored and how the world sees them. */
export const AssetsConfig = z.strictObject({
  store: ObjectsConfig.prefault({ type: 'filesystem', path: '.gccflow/assets' }),
  public_url: z
    .string()
    .nullable()
    .default(null)
    .describe('What stands before the key in the address of an asset, e.g. `https://cdn.example.com`; the key itself where null.'),
  allow_private: z
    .boolean()
    .default(false)
    .describe(
      'Fetch assets from loopback, private and link-local addresses as well. Whoever writes the data then reaches what is behind the firewall: for tests on one machine only.',
    ),
});
export type AssetsConfig = z.infer<typeof AssetsConfig>;

/** Where `gccflow serve scrape` takes requests. */
export const ServeConfig = z.strictObject({
  host: z.string().default('127.0.0.1').describe('Address to listen on; `0.0.0.0` for all, which is worth tokens or a network of its own.'),
  port: z.int().min(0).max(65_535).default(8000).describe('0 for a free one.'),
  tokens: Texts.transform((tokens) => tokens.filter((token) => token !== ''))
    .prefault([])
    .describe('Bearer tokens, from the environment; anyone may ask where there are none, empty ones aside.'),
});
export type ServeConfig = z.infer<typeof ServeConfig>;

/** One set of connections. Parts mix freely. */
export const TargetConfig = z.strictObject({
  warehouse: WarehouseConfig.prefault({ type: 'embedded' }),
  postgres: PostgresConfig.prefault({ type: 'embedded' }),
  objects: ObjectsConfig.prefault({ type: 'filesystem' }),
  broker: BrokerConfig.prefault({ type: 'embedded' }),
  limiter: LimiterConfig.prefault({ type: 'embedded' }),
  assets: AssetsConfig.prefault({}),
  serve: ServeConfig.prefault({}),
  workers: z
    .enum(['declared', 'shared'])
    .default('shared')
    .describe('declared: as many processes as each flow says. shared: one process for all flows, each with its concurrency.'),
  task_history_days: z.int().min(1).max(3650).default(7).describe('Days that ended tasks and idempotency keys are kept in PostgreSQL.'),
  credential_keys: z
    .array(z.string().min(1))
    .default([])
    .describe(
      'Keys that encrypt credentials: 32 bytes in base64, from the environment. The first encrypts, all decrypt. Where there are none, one is kept beside the embedded PostgreSQL.',
    ),
  threads: z.int().positive().default(4).describe('Nodes built at once.'),
});
export type TargetConfig = z.infer<typeof TargetConfig>;
