import { GccflowError } from '../foundation/error.ts';
import type { ExchangeType } from '../project/broker-names.ts';
import type { BindingDeclaration, ExchangeDeclaration, QueueDeclaration, Topology, TopologyChange } from './broker.ts';
import type { Postgres, PostgresQueries } from './postgres.ts';

/** What is there of what a topology names. */
interface Found {
  readonly exchanges: ReadonlyMap<string, ExchangeType>;
  readonly queues: ReadonlyMap<string, QueueDeclaration['delay']>;
  readonly bindings: ReadonlySet<string>;
}

/** Compares a topology with what is there. The type of a queue makes no difference here. */
export async function compareTopology(queries: PostgresQueries, topology: Topology): Promise<readonly TopologyChange[]> {
  const found = await readFound(queries, topology);
  return [
    ...topology.exchanges.map((exchange) => compareExchange(exchange, found)),
    ...topology.queues.map((queue) => compareQueue(queue, found)),
    ...topology.bindings.map((binding): TopologyChange => {
      const action = found.bindings.has(keyOf(binding)) ? 'none' : 'create';
      return { kind: 'binding', name: nameOf(binding), action, difference: null };
    }),
  ];
}

/** Declares what is missing, in one transaction. Throws TOPOLOGY_MISMATCH. */
export async function declareTopology(postgres: Postgres, topology: Topology, location: string): Promise<void> {
  await postgres.transaction(async (session) => {
    // Those who declare at once do so one after the other; publishers only read the row.
    await session.query('select version from gccflow.broker_topology for update');
    const changes = await compareTopology(session, topology);
    refuseMismatches(changes, location);
    if (changes.every(({ action }) => action === 'none')) return;
    const { exchanges, queues, bindings } = topology;
    await session.query('insert into gccflow.broker_exchange select * from unnest($1::text[], $2::text[]) on conflict do nothing', [
      exchanges.map(({ name }) => name),
      exchanges.map(({ type }) => type),
    ]);
    await session.query(
      'insert into gccflow.broker_queue select * from unnest($1::text[], $2::bigint[], $3::text[]) on conflict do nothing',
      [queues.map(({ name }) => name), queues.map(({ delay }) => delay?.ms ?? null), queues.map(({ delay }) => delay?.queue ?? null)],
    );
    await session.query(
      `insert into gccflow.broker_binding (exchange, routing_key, queue)
       select * from unnest($1::text[], $2::text[], $3::text[]) on conflict do nothing`,
      [bindings.map(({ exchange }) => exchange), bindings.map(({ routingKey }) => routingKey), bindings.map(({ queue }) => queue)],
    );
    await session.query('update gccflow.broker_topology set version = version + 1');
  });
}

async function readFound(queries: PostgresQueries, { exchanges, queues, bindings }: Topology): Promise<Found> {
  const exchangeRows = await queries.query<ExchangeDeclaration>('select name, type from gccflow.broker_exchange where name = any($1)', [
    exchanges.map(({ name }) => name),
  ]);
  const queueRows = await queries.query<{ name: string; ms: number | null; queue: string | null }>(
    'select name, delay_ms::float8 as ms, delay_queue as queue from gccflow.broker_queue where name = any($1)',
    [queues.map(({ name }) => name)],
  );
  const bindingRows = await queries.query<BindingDeclaration>(
    'select queue, exchange, routing_key as "routingKey" from gccflow.broker_binding where exchange = any($1)',
    [bindings.map(({ exchange }) => exchange)],
  );
  return {
    exchanges: new Map(exchangeRows.map(({ name, type }) => [name, type])),
    queues: new Map(queueRows.map(({ name, ms, queue }) => [name, ms === null || queue === null ? null : { ms, queue }])),
    bindings: new Set(bindingRows.map(keyOf)),
  };
}

function compareExchange({ name, type }: ExchangeDeclaration, { exchanges }: Found): TopologyChange {
  const actual = exchanges.get(name);
  if (actual === undefined) return { kind: 'exchange', name, action: 'create', difference: null };
  if (actual === type) return { kind: 'exchange', name, action: 'none', difference: null };
  return { kind: 'exchange', name, action: 'mismatch', difference: { property: 'type', declared: type, actual } };
}

function compareQueue({ name, delay }: QueueDeclaration, { queues }: Found): TopologyChange {
  const actual = queues.get(name);
  if (actual === undefined) return { kind: 'queue', name, action: 'create', difference: null };
  const difference = { property: 'delay', declared: formatDelay(delay), actual: formatDelay(actual) };
  if (difference.declared === difference.actual) return { kind: 'queue', name, action: 'none', difference: null };
  return { kind: 'queue', name, action: 'mismatch', difference };
}

function refuseMismatches(changes: readonly TopologyChange[], location: string): void {
  const differences = changes.flatMap(({ kind, name, difference }) =>
    difference === null
      ? []
      : [`${kind} '${name}' has ${difference.property} ${difference.actual}, but is declared with ${difference.declared}`],
  );
  if (differences.length === 0) return;
  const message = `${location} has it otherwise than the project declares: ${differences.join('; ')}. Nothing was declared.`;
  throw new GccflowError('TOPOLOGY_MISMATCH', message, {
    hint: 'Declare it as it is, or drain it and delete it by hand; nothing that exists is ever changed or deleted.',
  });
}

const formatDelay = (delay: QueueDeclaration['delay']): string => (delay === null ? 'none' : `${delay.ms} ms, then ${delay.queue}`);

const keyOf = ({ exchange, routingKey, queue }: BindingDeclaration): string => `${exchange}\0${routingKey}\0${queue}`;

const nameOf = ({ exchange, routingKey, queue }: BindingDeclaration): string => `${exchange} -(${routingKey})-> ${queue}`;
