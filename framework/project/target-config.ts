import { z } from 'zod';

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

/** Rate-limit store of a target. */
export const LimiterConfig = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('embedded') }),
  z.strictObject({ type: z.literal('redis'), url: z.string() }),
]);

/** One set of connections. Parts mix freely. */
export const TargetConfig = z.strictObject({
  warehouse: WarehouseConfig.prefault({ type: 'embedded' }),
  postgres: PostgresConfig.prefault({ type: 'embedded' }),
  objects: ObjectsConfig.prefault({ type: 'filesystem' }),
  broker: BrokerConfig.prefault({ type: 'embedded' }),
  limiter: LimiterConfig.prefault({ type: 'embedded' }),
  threads: z.int().positive().default(4).describe('Nodes built at once.'),
});
export type TargetConfig = z.infer<typeof TargetConfig>;
