import { GccflowError } from '../foundation/error.ts';
import type { Log } from '../foundation/log.ts';
import type { Warehouse } from './warehouse.ts';
import { connectWarehouse, type WarehouseAddress } from './warehouse-client.ts';
import { findEndpoint, type WarehouseEndpoint } from './warehouse-endpoint.ts';

export type ServedOptions = Pick<WarehouseAddress, 'sessions' | 'signal'>;

/** Connects to a warehouse that another process of this machine serves. Throws WAREHOUSE_UNREACHABLE. */
export function connectServed(endpoint: WarehouseEndpoint, options: ServedOptions): Promise<Warehouse> {
  const { url, user, password } = endpoint;
  return connectWarehouse({ kind: 'embedded', location: locationOf(endpoint), ...options, connect: { url, username: user, password } });
}

/** Another for every process that serves. */
function locationOf({ url, pid }: WarehouseEndpoint): string {
  return `${url} (gccflow warehouse serve, process ${pid})`;
}

/**
 * An embedded warehouse for a command that outlives the process which serves it. When that comes back, it has another port and another
 * password: after a statement that found nobody, the next one looks where the warehouse is served now. As long as nobody serves it,
 * statements throw WAREHOUSE_UNREACHABLE. The directory is never opened here: that would keep the serving process from coming back, and
 * everybody else away. Where this process has it open already, nobody can serve it, and nothing is found.
 */
export function followServed(opened: Warehouse, path: string, options: ServedOptions & { readonly log: Log }): Warehouse {
  return new FollowedWarehouse(opened, path, options);
}

class FollowedWarehouse implements Warehouse {
  readonly kind = 'embedded';
  readonly #path: string;
  readonly #options: ServedOptions & { readonly log: Log };
  #at: Warehouse;
  #isLost = false;
  #finding: Promise<void> | null = null;

  constructor(opened: Warehouse, path: string, options: ServedOptions & { readonly log: Log }) {
    this.#at = opened;
    this.#path = path;
    this.#options = options;
  }

  get location(): string {
    return this.#at.location;
  }

  get version(): string {
    return this.#at.version;
  }

  query: Warehouse['query'] = (sql, options) => this.#run((at) => at.query(sql, options));

  execute: Warehouse['execute'] = (sql, options) => this.#run((at) => at.execute(sql, options));

  stream: Warehouse['stream'] = (sql, options) => this.#run((at) => at.stream(sql, options));

  insert: Warehouse['insert'] = (table, body, options) => this.#run((at) => at.insert(table, body, options));

  kill(queryId: string): Promise<void> {
    return this.#at.kill(queryId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#finding?.catch(() => {}); // who waits for it is told
    await this.#at[Symbol.asyncDispose]();
  }

  async #run<Result>(statement: (at: Warehouse) => Promise<Result>): Promise<Result> {
    if (this.#isLost) await this.#find();
    try {
      return await statement(this.#at);
    } catch (thrown) {
      if (thrown instanceof GccflowError && thrown.code === 'WAREHOUSE_UNREACHABLE') this.#isLost = true;
      throw thrown;
    }
  }

  /** Once for all statements that wait for it. */
  #find(): Promise<void> {
    this.#finding ??= this.#look().finally(() => {
      this.#finding = null;
    });
    return this.#finding;
  }

  async #look(): Promise<void> {
    const endpoint = await findEndpoint(this.#path);
    if (endpoint !== null && locationOf(endpoint) !== this.location) {
      const [before, found] = [this.#at, await connectServed(endpoint, this.#options)];
      this.#at = found;
      this.#options.log.info({ warehouse: found.location }, 'warehouse found again');
      await before[Symbol.asyncDispose]();
    }
    this.#isLost = false;
  }
}
