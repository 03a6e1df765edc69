import { bindingMatches } from '../project/binding.ts';
import type { ExchangeType } from '../project/broker-names.ts';
import type { PostgresQueries } from './postgres.ts';

/** A queue that a message goes into. */
export interface Route {
  readonly queue: string;
  /** How long it waits there; null in an ordinary queue. */
  readonly delayMs: number | null;
}

interface TopologyRow {
  readonly version: string;
  readonly exchanges: readonly { readonly name: string; readonly type: ExchangeType }[];
  readonly queues: readonly { readonly name: string; readonly delay_ms: number | null }[];
  readonly bindings: readonly { readonly exchange: string; readonly routing_key: string; readonly queue: string }[];
}

/** Routing keys are mostly few; a sender that makes them up must not fill the memory. */
const maxKnown = 10_000;

/** Reads exchanges, queues and bindings as they are at one moment. */
export async function readRoutes(postgres: PostgresQueries): Promise<EmbeddedRoutes> {
  const [row] = await postgres.query<TopologyRow>(`
    select version,
      (select coalesce(json_agg(exchange), '[]') from gccflow.broker_exchange exchange) as exchanges,
      (select coalesce(json_agg(queue), '[]') from gccflow.broker_queue queue) as queues,
      (select coalesce(json_agg(binding), '[]') from gccflow.broker_binding binding) as bindings
    from gccflow.broker_topology`);
  return new EmbeddedRoutes(row ?? { version: '', exchanges: [], queues: [], bindings: [] });
}

/** Where messages go, for one version of the topology. */
export class EmbeddedRoutes {
  readonly version: string;
  readonly #types: ReadonlyMap<string, ExchangeType>;
  readonly #queues: ReadonlyMap<string, Route>;
  readonly #bindings: ReadonlyMap<string, TopologyRow['bindings']>;
  readonly #known = new Map<string, readonly Route[]>();

  constructor({ version, exchanges, queues, bindings }: TopologyRow) {
    this.version = version;
    this.#types = new Map(exchanges.map(({ name, type }) => [name, type]));
    this.#queues = new Map(queues.map(({ name, delay_ms }) => [name, { queue: name, delayMs: delay_ms }]));
    this.#bindings = Map.groupBy(bindings, ({ exchange }) => exchange);
  }

  /** The queues that a message goes into, each once; none where nobody wants it. */
  of(exchange: string, routingKey: string): readonly Route[] {
    const key = `${exchange}\0${routingKey}`;
    const known = this.#known.get(key);
    if (known) return known;
    if (this.#known.size >= maxKnown) this.#known.clear();
    const found = this.#find(exchange, routingKey);
    this.#known.set(key, found);
    return found;
  }

  #find(exchange: string, routingKey: string): readonly Route[] {
    if (exchange === '') return [this.#queues.get(routingKey) ?? []].flat();
    const type = this.#types.get(exchange);
    if (type === undefined) return [];
    const matching = (this.#bindings.get(exchange) ?? []).filter((binding) => bindingMatches(type, binding.routing_key, routingKey));
    return [...new Set(matching.map(({ queue }) => queue))].flatMap((queue) => this.#queues.get(queue) ?? []);
  }
}
