import { resolve } from 'node:path';
import { GccflowError } from '../foundation/error.ts';
import type { Log } from '../foundation/log.ts';
import { quoteName } from '../foundation/quote.ts';
import type { WarehouseConfig } from '../project/target-config.ts';
import { openEmbedded } from './embedded-warehouse.ts';
import { connectServed } from './served-warehouse.ts';
import { type Warehouse, WarehouseFault } from './warehouse.ts';
import { connectWarehouse, type WarehouseAddress } from './warehouse-client.ts';
import { readEndpoint, removeEndpoint, type WarehouseEndpoint } from './warehouse-endpoint.ts';

export interface OpenWarehouseOptions {
  readonly projectDir: string;
  /** Statements that may run at once. */
  readonly sessions: number;
  readonly log: Log;
  /** Aborts when everything is to stop: what still runs then has a few seconds left. */
  readonly signal?: AbortSignal;
}

/**
 * Opens a target's ClickHouse and makes sure of its database.
 * An embedded one that `gccflow warehouse serve` holds is reached over HTTP; held by anything else it throws WAREHOUSE_HELD.
 * Throws WAREHOUSE_UNREACHABLE, DEPENDENCY_MISSING, and WAREHOUSE_UNSUPPORTED for a cluster.
 */
export async function openWarehouse(config: WarehouseConfig, options: OpenWarehouseOptions): Promise<Warehouse> {
  if (config.type === 'clickhouse' && config.cluster !== null) throw clusterUnsupported(config.cluster);
  const warehouse = config.type === 'embedded' ? await openEmbeddedConfig(config, options) : await openServer(config, options);
  try {
    await createDatabase(warehouse, config);
    return warehouse;
  } catch (error) {
    await warehouse[Symbol.asyncDispose]();
    throw error;
  }
}

type EmbeddedConfig = Extract<WarehouseConfig, { type: 'embedded' }>;
type ServerConfig = Extract<WarehouseConfig, { type: 'clickhouse' }>;

async function openEmbeddedConfig(config: EmbeddedConfig, options: OpenWarehouseOptions): Promise<Warehouse> {
  const path = resolve(options.projectDir, config.path);
  const endpoint = await readEndpoint(path);
  const served = endpoint && (await openServed(path, endpoint, options));
  if (served) return served;
  const { connection } = await openEmbedded({ path, sessions: options.sessions });
  return connectWarehouse({ kind: 'embedded', location: config.path, ...sharedOf(options), connect: { connection } });
}

/** Null when nothing answers there any more: its process died and another got its number. */
async function openServed(path: string, endpoint: WarehouseEndpoint, options: OpenWarehouseOptions): Promise<Warehouse | null> {
  const { url, pid } = endpoint;
  try {
    return await connectServed(endpoint, sharedOf(options));
  } catch (error) {
    if (!(error instanceof GccflowError) || error.code !== 'WAREHOUSE_UNREACHABLE') throw error;
    if (error.cause instanceof WarehouseFault && error.cause.type === 'TIMEOUT_EXCEEDED') throw error; // it lives, and is slow to answer
    options.log.warn({ url, pid }, 'stale warehouse endpoint removed');
    await removeEndpoint(path);
    return null;
  }
}

function openServer(config: ServerConfig, options: OpenWarehouseOptions): Promise<Warehouse> {
  const url = parseUrl(config.url);
  const { username, password, host, origin } = url;
  return connectWarehouse({
    kind: 'server',
    location: host,
    ...sharedOf(options),
    connect: { url: origin, username: decodeURIComponent(username) || 'default', password: decodeURIComponent(password) },
  });
}

function sharedOf({ sessions, signal }: OpenWarehouseOptions): Pick<WarehouseAddress, 'sessions' | 'signal'> {
  return { sessions, ...(signal && { signal }) };
}

function parseUrl(text: string): URL {
  const url = URL.parse(text);
  if (url && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
  throw new GccflowError('WAREHOUSE_UNREACHABLE', "The target's ClickHouse url is no http(s):// address.", {
    hint: 'Write it as http(s)://user:password@host:8123; it may come from the environment: \'{{env "CLICKHOUSE_URL"}}\'.',
  });
}

/** Always Atomic: the engine whose tables can be exchanged. */
async function createDatabase(warehouse: Warehouse, { database }: WarehouseConfig): Promise<void> {
  await warehouse.execute(`create database if not exists ${quoteName(database, 'clickhouse')} engine = Atomic`);
}

/** An exchange on one server of a cluster would publish to the readers of that server alone. */
function clusterUnsupported(cluster: string): GccflowError {
  return new GccflowError('WAREHOUSE_UNSUPPORTED', `The target names the cluster '${cluster}', and gccflow publishes to one server only.`, {
    hint: "Remove 'cluster' and give the url of one server.",
  });
}
