import type { Log } from '../foundation/log.ts';
import type {
  Broker,
  Browser,
  ConsumeOptions,
  Consumer,
  Publisher,
  PublisherOptions,
  QueueState,
  Topology,
  TopologyChange,
} from './broker.ts';
import { parseRabbitmqUrl, type RabbitmqAddress } from './rabbitmq-address.ts';
import { type ChannelModel, openRabbitmqConnection, type RabbitmqConnection } from './rabbitmq-connection.ts';
import { openRabbitmqConsumer } from './rabbitmq-consumer.ts';
import { accessRefused, refusalOf } from './rabbitmq-fault.ts';
import { RabbitmqOutage } from './rabbitmq-outage.ts';
import { openRabbitmqPublisher } from './rabbitmq-publisher.ts';
import { inspectQueue, openRabbitmqBrowser, purgeQueue, type QueuePlace } from './rabbitmq-queues.ts';
import { compareTopology, declareTopology, redeclareTopology } from './rabbitmq-topology.ts';

export interface RabbitmqOptions {
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Connects to RabbitMQ. Throws BROKER_UNREACHABLE, after 15 s at most. */
export async function openRabbitmqBroker(url: string, options: RabbitmqOptions): Promise<Broker> {
  const broker = new RabbitmqBroker(parseRabbitmqUrl(url), options);
  await broker.connect();
  return broker;
}

/** Consumes on one connection and publishes on another, because a broker that is short of memory stops reading those that publish. */
class RabbitmqBroker implements Broker {
  readonly kind = 'rabbitmq';
  readonly location: string;
  version = '';
  readonly #address: RabbitmqAddress;
  readonly #options: RabbitmqOptions;
  readonly #outage: RabbitmqOutage;
  readonly #open = new AsyncDisposableStack();
  readonly #topologies = new Map<string, Topology>();
  #complaint = '';
  #consuming: RabbitmqConnection | undefined;
  #publishing: Promise<RabbitmqConnection> | undefined;

  constructor(address: RabbitmqAddress, options: RabbitmqOptions) {
    this.#address = address;
    this.#options = options;
    this.location = address.location;
    this.#outage = new RabbitmqOutage(address.location, options.log);
  }

  async connect(): Promise<void> {
    this.#consuming = await this.#connect('consuming');
    this.version = this.#consuming.version;
  }

  async declare(topology: Topology): Promise<void> {
    await declareTopology(await this.#model(), topology, this.location);
    this.#topologies.set(JSON.stringify(topology), topology);
  }

  async compare(topology: Topology): Promise<readonly TopologyChange[]> {
    return compareTopology(await this.#model(), topology, this.location);
  }

  async inspect(queue: string): Promise<QueueState | null> {
    return inspectQueue(queue, this.#place());
  }

  async publisher(options: PublisherOptions): Promise<Publisher> {
    this.#publishing ??= this.#connect('publishing');
    const connection = await this.#publishing.catch((thrown) => {
      this.#publishing = undefined;
      throw thrown;
    });
    return openRabbitmqPublisher({ ...options, connection, location: this.location });
  }

  async consume(queue: string, options: ConsumeOptions): Promise<Consumer> {
    const { log, signal } = this.#options;
    const redeclare = async (): Promise<void> => this.#redeclare(await this.#model());
    return openRabbitmqConsumer(queue, { ...options, connection: this.#main(), location: this.location, redeclare, log, signal });
  }

  async browse(queue: string): Promise<Browser> {
    return openRabbitmqBrowser(queue, this.#place());
  }

  async purge(queue: string): Promise<number> {
    return purgeQueue(queue, this.#place());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#open.disposeAsync();
  }

  async #connect(role: 'consuming' | 'publishing'): Promise<RabbitmqConnection> {
    const prepare = (model: ChannelModel): Promise<void> => this.#redeclare(model);
    return this.#open.use(
      await openRabbitmqConnection(this.#address, { role, prepare, outage: this.#outage, signal: this.#options.signal }),
    );
  }

  #main(): RabbitmqConnection {
    if (this.#consuming === undefined) throw new Error('connect comes first');
    return this.#consuming;
  }

  #place(): QueuePlace {
    return { connection: this.#main(), location: this.location, signal: this.#options.signal };
  }

  #model(): Promise<ChannelModel> {
    return this.#main().model(this.#options.signal);
  }

  /**
   * A broker that lost its state gets everything again. What it refuses is said once; consumers and publishers go on with what is there.
   * A user who may not declare had it declared by somebody else.
   */
  async #redeclare(model: ChannelModel): Promise<void> {
    const refusals: Error[] = [];
    for (const topology of this.#topologies.values()) refusals.push(...(await redeclareTopology(model, topology, this.location)));
    const complaint = refusals
      .map(refusalOf)
      .filter(({ code }) => code !== accessRefused)
      .map(({ text }) => text)
      .join('; ');
    if (complaint !== '' && complaint !== this.#complaint) {
      this.#options.log.error({ broker: this.location, reason: complaint }, 'topology not declared again');
    }
    this.#complaint = complaint;
  }
}
