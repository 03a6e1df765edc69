import { GccflowError } from '../foundation/error.ts';
import type { BindingDeclaration, ExchangeDeclaration, QueueDeclaration, Topology, TopologyChange } from './broker.ts';
import type { Channel, ChannelModel } from './rabbitmq-connection.ts';
import { accessRefused, failed, isMissing, refusalOf } from './rabbitmq-fault.ts';

/** Compares every part of a topology with what the broker has; declares nothing, though it declares again what is there. */
export async function compareTopology(model: ChannelModel, topology: Topology, location: string): Promise<readonly TopologyChange[]> {
  const changes: TopologyChange[] = [];
  for (const exchange of topology.exchanges) {
    const exists = await attempt(model, location, (channel) => channel.checkExchange(exchange.name));
    changes.push({
      kind: 'exchange',
      name: exchange.name,
      ...(await outcome(exists, model, location, (channel) => assertExchange(channel, exchange))),
    });
  }
  for (const queue of topology.queues) {
    const exists = await attempt(model, location, (channel) => channel.checkQueue(queue.name));
    changes.push({
      kind: 'queue',
      name: queue.name,
      ...(await outcome(exists, model, location, (channel) => assertQueue(channel, queue, isModern(model)))),
    });
  }
  const missing = new Set(changes.filter(({ action }) => action === 'create').map(({ kind, name }) => `${kind} ${name}`));
  for (const binding of topology.bindings) {
    const isNew = missing.has(`queue ${binding.queue}`) || missing.has(`exchange ${binding.exchange}`);
    changes.push({ kind: 'binding', name: bindingName(binding), action: isNew ? 'create' : 'unknown', difference: null });
  }
  return changes;
}

/**
 * Declares what is missing. What is there with other properties is left, and thrown as TOPOLOGY_MISMATCH before anything is declared.
 * Throws BROKER_REFUSED where something is missing that the user may not declare.
 */
export async function declareTopology(model: ChannelModel, topology: Topology, location: string): Promise<void> {
  const changes = await compareTopology(model, topology, location);
  const mismatches = changes.filter(({ action }) => action === 'mismatch');
  if (mismatches.length > 0) throw topologyMismatch(mismatches, location);
  const isNew = (kind: TopologyChange['kind'], name: string): boolean =>
    changes.some((change) => change.action === 'create' && change.kind === kind && change.name === name);
  const missing: Topology = {
    exchanges: topology.exchanges.filter(({ name }) => isNew('exchange', name)),
    queues: topology.queues.filter(({ name }) => isNew('queue', name)),
    bindings: topology.bindings,
  };
  const [refusal] = await redeclareTopology(model, missing, location);
  if (refusal !== undefined) throw failed('declaring what the project needs', refusal, location);
}

/** Declares everything again: after a reconnect all of it is there as a rule. Gives back what the server refused of it. */
export async function redeclareTopology(
  model: ChannelModel,
  { exchanges, queues, bindings }: Topology,
  location: string,
): Promise<readonly Error[]> {
  const declarations = [
    ...exchanges.map((exchange) => (channel: Channel) => assertExchange(channel, exchange)),
    ...queues.map((queue) => (channel: Channel) => assertQueue(channel, queue, isModern(model))),
    ...bindings.map(
      ({ queue, exchange, routingKey }) =>
        (channel: Channel) =>
          channel.bindQueue(queue, exchange, routingKey),
    ),
  ];
  const refusals: Error[] = [];
  for (let next = 0; next < declarations.length; next++) {
    const { refusal } = await attempt(model, location, async (channel) => {
      for (; next < declarations.length; next++) await declarations[next]?.(channel);
    });
    if (refusal !== null) refusals.push(refusal);
  }
  return refusals;
}

export function topologyMismatch(mismatches: readonly TopologyChange[], location: string): GccflowError {
  const sentences = mismatches.map(({ kind, name, difference }) => {
    const { property, declared, actual } = difference ?? { property: '', declared: '', actual: '' };
    return `${kind} '${name}' has ${property} ${actual}, but is declared with ${declared}`;
  });
  return new GccflowError(
    'TOPOLOGY_MISMATCH',
    `${location} has it otherwise than the project declares: ${sentences.join('; ')}. Nothing was declared.`,
    {
      hint: 'Declare it as it is, or drain it and delete it by hand; nothing that exists is ever changed or deleted.',
    },
  );
}

export function bindingName({ queue, exchange, routingKey }: BindingDeclaration): string {
  return `${exchange} -(${routingKey})-> ${queue}`;
}

function assertExchange(channel: Channel, { name, type }: ExchangeDeclaration): Promise<unknown> {
  return channel.assertExchange(name, type, { durable: true });
}

/** The queue type is said also for classic queues: a virtual host may have another default. */
function assertQueue(channel: Channel, { name, type, delay }: QueueDeclaration, modern: boolean): Promise<unknown> {
  const delayed = delay && {
    'x-message-ttl': delay.ms,
    'x-dead-letter-exchange': '',
    'x-dead-letter-routing-key': delay.queue,
    // Else what expires is moved without a confirm and may be lost on the way.
    ...(type === 'quorum' && modern && { 'x-dead-letter-strategy': 'at-least-once', 'x-overflow': 'reject-publish' }),
  };
  return channel.assertQueue(name, { durable: true, arguments: { 'x-queue-type': type, ...delayed } });
}

/** 3.10 brought dead letters that are moved at least once. */
function isModern(model: ChannelModel): boolean {
  const [major = 0, minor = 0] = String(model.connection.serverProperties.version).split('.').map(Number);
  return major > 3 || (major === 3 && minor >= 10);
}

interface Attempt {
  /** What the server said to it, or null where it did it. */
  readonly refusal: Error | null;
}

/** The server closes a channel at every refusal, so each attempt has one of its own. */
async function attempt(model: ChannelModel, location: string, work: (channel: Channel) => Promise<unknown>): Promise<Attempt> {
  try {
    const channel = await model.createChannel();
    channel.on('error', () => {});
    await work(channel);
    await channel.close();
    return { refusal: null };
  } catch (thrown) {
    if (refusalOf(thrown).code === 0 || !(thrown instanceof Error)) throw failed('declaring exchanges and queues', thrown, location);
    return { refusal: thrown };
  }
}

type Outcome = Pick<TopologyChange, 'action' | 'difference'>;

async function outcome(
  exists: Attempt,
  model: ChannelModel,
  location: string,
  declare: (channel: Channel) => Promise<unknown>,
): Promise<Outcome> {
  if (exists.refusal !== null) {
    if (isMissing(exists.refusal)) return { action: 'create', difference: null };
    if (refusalOf(exists.refusal).code === resourceLocked) return { action: 'mismatch', difference: exclusive };
    throw failed('comparing exchanges and queues', exists.refusal, location);
  }
  const { refusal } = await attempt(model, location, declare);
  if (refusal === null) return { action: 'none', difference: null };
  const { code, text } = refusalOf(refusal);
  // It exists, and a user who may not declare is not told more.
  if (code === accessRefused) return { action: 'unknown', difference: null };
  if (code === resourceLocked) return { action: 'mismatch', difference: exclusive };
  if (code !== preconditionFailed) throw failed('comparing exchanges and queues', refusal, location);
  return { action: 'mismatch', difference: differenceOf(text) };
}

const resourceLocked = 405;
const preconditionFailed = 406;

/** A queue of another connection alone, which ends with it. */
const exclusive = { property: 'exclusive', declared: 'false', actual: 'true' } as const;

/** `inequivalent arg 'type' for exchange 'e' in vhost '/': received 'topic' but current is 'direct'`, and its forms for arguments. */
function differenceOf(text: string): NonNullable<TopologyChange['difference']> {
  const [, property, declared, actual] = /inequivalent arg '([^']*)'[\s\S]*: received ([\s\S]*) but current is ([\s\S]*)$/.exec(text) ?? [];
  if (property === undefined || declared === undefined || actual === undefined)
    return { property: 'properties', declared: '?', actual: text };
  return { property: property.replace(/^x-queue-type$/, 'type'), declared: valueIn(declared, property), actual: valueIn(actual, property) };
}

function valueIn(text: string, property: string): string {
  if (text === 'none') return property === 'x-queue-type' ? 'classic' : 'none';
  return /'([\s\S]*?)'(?: of type '\w+')?$/.exec(text)?.[1] ?? text;
}
