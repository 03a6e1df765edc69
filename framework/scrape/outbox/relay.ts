import type { Broker, Publisher } from '../../connections/broker.ts';
import type { Postgres, PostgresSession } from '../../connections/postgres.ts';
import { GccflowError, messageOf } from '../../foundation/error.ts';
import type { Log } from '../../foundation/log.ts';
import { lockEvents, type PutOff, putOffEvents, removeEvents, type WaitingEvent } from './waiting-events.ts';

export interface RelayDeps {
  readonly postgres: Postgres;
  /** Called when the first event is there; called again where it throws. */
  readonly openBroker: () => Promise<Broker>;
  /** Declares the queues that are to be there. Called when the broker is open, and again where an event finds none: somebody may have deleted it. */
  readonly declare: (broker: Broker) => Promise<void>;
  readonly log: Log;
  /** Called with the number of events that the broker has confirmed. */
  readonly onPublished?: (events: number) => void;
  /** How long until the outbox is looked at unasked: others may have put something there. */
  readonly pollMs?: number;
}

/** Publishes what is in the outbox until it is disposed. */
export interface Relay extends AsyncDisposable {
  /** Something was put there: look at once. */
  wake(): void;
  /** Stops looking, but publishes what is due now, until the signal aborts. */
  drain(signal: AbortSignal): Promise<void>;
}

/** Events of one transaction. */
const batchEvents = 500;
const confirmMs = 10_000;
const defaultPollMs = 1000;
const firstWaitMs = 200;
const mostWaitMs = 15_000;
/** Of an event that no queue wants: the first wait, and the longest. */
const firstPutOffMs = 10_000;
const mostPutOffMs = 3_600_000;

/**
 * Publishes the events of the outbox, and removes each when the broker has confirmed it: at least once, as a crash between the two publishes
 * it again under the same message id. Any number of relays share an outbox: each locks what it publishes. One relay publishes in the order in
 * which the events fell due. While the broker or PostgreSQL is away events wait; one that no queue wants stays and is tried again, at longer
 * and longer intervals.
 */
export function openRelay(deps: RelayDeps): Relay {
  return new OpenRelay(deps);
}

class OpenRelay implements Relay {
  readonly #deps: RelayDeps;
  readonly #open = new AsyncDisposableStack();
  readonly #running: Promise<void>;
  #broker: { readonly broker: Broker; readonly publisher: Publisher } | null = null;
  #isOver = false;
  #isWoken = false;
  #interrupt: () => void = () => {};
  #failures = 0;

  constructor(deps: RelayDeps) {
    this.#deps = deps;
    this.#running = this.#run();
  }

  wake(): void {
    this.#isWoken = true;
    if (this.#failures === 0) this.#interrupt();
  }

  async drain(signal: AbortSignal): Promise<void> {
    await this.#stop();
    while (!signal.aborted && (await this.#relayBatch()) > 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
    await this.#open.disposeAsync();
  }

  async #stop(): Promise<void> {
    this.#isOver = true;
    this.#interrupt();
    await this.#running;
  }

  async #run(): Promise<void> {
    const pollMs = this.#deps.pollMs ?? defaultPollMs;
    while (!this.#isOver) {
      this.#isWoken = false;
      if ((await this.#relayBatch()) === batchEvents) continue;
      await this.#pause(this.#failures === 0 ? pollMs : Math.min(mostWaitMs, firstWaitMs * 2 ** this.#failures));
    }
  }

  /** Waits, unless something was put there since the last look. */
  async #pause(ms: number): Promise<void> {
    if (this.#isOver || (this.#isWoken && this.#failures === 0)) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#interrupt = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#interrupt = () => {};
  }

  /** How many events were published or put off. Never throws: what fails is tried again. */
  async #relayBatch(): Promise<number> {
    try {
      const settled = await this.#deps.postgres.transaction(async (session) =>
        this.#relay(session, await lockEvents(session, batchEvents)),
      );
      this.#failures = 0;
      return settled;
    } catch (thrown) {
      this.#failures++;
      if (!(thrown instanceof GccflowError)) this.#deps.log.error({ err: thrown }, 'relaying of events failed');
      else if (this.#failures === 1) this.#deps.log.warn({ reason: thrown.message }, 'events wait in the outbox');
      return 0;
    }
  }

  async #relay(session: PostgresSession, events: readonly WaitingEvent[]): Promise<number> {
    if (events.length === 0) return 0;
    const outcomes = await this.#publish(events);
    const { published, unwanted, unanswered } = sortOut(events, outcomes);
    if (published.length > 0) await removeEvents(session, published);
    if (unwanted.length > 0) await putOffEvents(session, unwanted);
    for (const [reason, { length }] of Map.groupBy(unwanted, ({ error }) => error))
      this.#deps.log.warn({ events: length, reason }, 'events put off');
    this.#deps.onPublished?.(published.length);
    // What was settled is committed all the same; the others are still there.
    if (published.length + unwanted.length === 0) throw unanswered;
    return published.length + unwanted.length;
  }

  /** What finds no queue is published once more, after the queues were declared again. */
  async #publish(events: readonly WaitingEvent[]): Promise<readonly PromiseSettledResult<void>[]> {
    const { broker, publisher } = await this.#connect();
    if (publisher.obstacle !== null) throw new GccflowError('BROKER_UNREACHABLE', `${publisher.obstacle}.`);
    const publish = (some: readonly WaitingEvent[]) => Promise.allSettled(some.map((event) => publisher.publish(messageOfEvent(event))));
    const outcomes = await publish(events);
    const homeless = events.filter((_, index) => isUnroutable(outcomes[index]));
    if (homeless.length === 0 || !(await this.#declareAgain(broker))) return outcomes;
    const again = await publish(homeless);
    return outcomes.map((outcome) => (isUnroutable(outcome) ? (again.shift() ?? outcome) : outcome));
  }

  async #declareAgain(broker: Broker): Promise<boolean> {
    try {
      await this.#deps.declare(broker);
      return true;
    } catch (thrown) {
      this.#deps.log.warn({ reason: messageOf(thrown) }, 'queues not declared again');
      return false;
    }
  }

  async #connect() {
    if (this.#broker !== null) return this.#broker;
    await using opening = new AsyncDisposableStack();
    const broker = opening.use(await this.#deps.openBroker());
    await this.#deps.declare(broker);
    const publisher = opening.use(await broker.publisher({ window: batchEvents, confirmMs }));
    this.#open.use(opening.move());
    this.#broker = { broker, publisher };
    return this.#broker;
  }
}

function messageOfEvent({ exchange, routing_key, message_id, body, created_at }: WaitingEvent) {
  return {
    exchange,
    routingKey: routing_key,
    messageId: message_id,
    body: Buffer.from(body),
    contentType: 'application/json',
    publishedAt: created_at,
  };
}

/** What the broker said of each event. */
function sortOut(events: readonly WaitingEvent[], outcomes: readonly PromiseSettledResult<void>[]) {
  const published: string[] = [];
  const unwanted: PutOff[] = [];
  let unanswered: unknown;
  for (const [index, event] of events.entries()) {
    const outcome = outcomes[index];
    if (outcome?.status === 'fulfilled') published.push(event.id);
    else if (isUnwanted(outcome?.reason))
      unwanted.push({ id: event.id, waitMs: putOffMs(event.failures), error: messageOf(outcome?.reason) });
    else unanswered = outcome?.reason;
  }
  return { published, unwanted, unanswered };
}

function isUnroutable(outcome: PromiseSettledResult<void> | undefined): boolean {
  return outcome?.status === 'rejected' && outcome.reason instanceof GccflowError && outcome.reason.code === 'MESSAGE_UNROUTABLE';
}

function isUnwanted(thrown: unknown): boolean {
  return thrown instanceof GccflowError && (thrown.code === 'MESSAGE_UNROUTABLE' || thrown.code === 'MESSAGE_REFUSED');
}

/** Half of it by chance, so that what was put off together does not come back together. */
function putOffMs(failures: number): number {
  return Math.min(mostPutOffMs, firstPutOffMs * 2 ** Math.min(failures, 20)) * (0.5 + Math.random() / 2);
}
