import { messageOf } from '../foundation/error.ts';
import { connectionLost } from './embedded-broker-fault.ts';
import { type EmbeddedLink, type News, sessionLock } from './embedded-broker-link.ts';
import { claimMessages, type MessageRow, moveDueMessages, releaseSessions, settleMessages } from './embedded-broker-messages.ts';

/** Who takes messages of a queue. */
export interface Claimant {
  readonly queue: string;
  /** How many more it takes now. */
  readonly room: number;
  onClaimed(rows: readonly MessageRow[]): void;
}

/** How often everything is looked at, in case a notification was missed or a process died. */
const tickMs = 2_000;
/** A statement that takes longer is taken for a connection whose other end is gone. */
const patienceMs = 30_000;
const maxClaimed = 1_000;
/** About as many bytes are claimed at once, going by the last claim. A driver holds them three times over. */
const maxClaimedBytes = 16 * 1024 * 1024;
/** Claimed at first, when nothing is known of a queue's messages. */
const firstClaimed = 16;
/**
 * Messages get their numbers before they are stored, so that a smaller one may be seen later. How much smaller is searched by every claim;
 * all is searched with every tick. While another transaction keeps vacuum from its work, a claim would else pass by everything claimed
 * since: 9,500 and then 5,100 messages a second, after the first and the second 100,000.
 */
const lateNumbers = 10_000;

interface Job {
  readonly run: () => Promise<void>;
  readonly refuse: (reason: unknown) => void;
}

interface Sight {
  /** Queues of ours that have messages. */
  readonly ready: readonly string[];
  /** Sessions that ended and still hold something. */
  readonly dead: readonly number[];
  readonly isDue: boolean;
  readonly dueInMs: number | null;
}

/**
 * Claims and settles for all consumers of a link, one statement after the other on its session: a claim that is stored belongs to a session
 * whose lock was held, so that it is found when the session ends. Whatever fails ends the link.
 */
export class EmbeddedDrain implements AsyncDisposable {
  readonly #link: EmbeddedLink;
  readonly #claimants = new Set<Claimant>();
  /** Those whose queue may have messages, in turn. */
  readonly #awake = new Set<Claimant>();
  readonly #jobs: Job[] = [];
  readonly #tickTimer: NodeJS.Timeout;
  #dueTimer: NodeJS.Timeout | undefined;
  #dueAtMs = Number.POSITIVE_INFINITY;
  /** By queue, where claims begin to search. */
  readonly #fromIds = new Map<string, number>();
  /** By queue, how many of its messages are claimed at once. */
  readonly #claimSizes = new Map<string, number>();
  #acked: number[] = [];
  #requeued: number[] = [];
  #isLookDue = true;
  #isRunning = false;
  #isOver = false;
  #sinceMs = 0;

  constructor(link: EmbeddedLink) {
    this.#link = link;
    this.#tickTimer = setInterval(() => this.#tick(), tickMs);
  }

  /** Listens, and looks for what is there. */
  async start(): Promise<void> {
    await this.#link.listen((news) => this.#hear(news));
    this.#wake();
  }

  add(claimant: Claimant): void {
    this.#claimants.add(claimant);
    this.#awake.add(claimant);
    this.#wake();
  }

  remove(claimant: Claimant): void {
    this.#claimants.delete(claimant);
    this.#awake.delete(claimant);
  }

  ack(ids: readonly number[]): void {
    for (const id of ids) this.#acked.push(id);
    this.#wake();
  }

  requeue(ids: readonly number[]): void {
    for (const id of ids) this.#requeued.push(id);
    this.#wake();
  }

  /** Resolves when everything settled so far is stored. Never rejects: what failed comes again. */
  async flush(): Promise<void> {
    await this.run(() => this.#settle()).catch(() => {});
  }

  /** Runs `work` on the session between two other statements. Rejects when the link is lost, which a failure of `work` ends too. */
  run<Result>(work: () => Promise<Result>): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    if (this.#isOver) reject(connectionLost());
    else this.#jobs.push({ run: async () => resolve(await work()), refuse: reject });
    this.#wake();
    return promise;
  }

  /** The first message that is ready in a queue. */
  async claimOne(queue: string): Promise<MessageRow | null> {
    const [row] = await this.run(() =>
      claimMessages(this.#link.session, { holder: this.#link.holder, queue, fromId: 0, limit: 1, acked: [] }),
    );
    return row ?? null;
  }

  /** Ends it without another statement. */
  stop(): void {
    this.#isOver = true;
    clearInterval(this.#tickTimer);
    clearTimeout(this.#dueTimer);
    for (const job of this.#jobs.splice(0)) job.refuse(connectionLost());
  }

  /** Stores what was settled, and gives back what was not. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isOver) return;
    const { session, holder } = this.#link;
    this.#claimants.clear();
    await this.flush();
    const queues = await this.run(() => releaseSessions(session, [holder])).catch(() => []);
    this.#announceBack(queues);
    this.stop();
  }

  #hear(news: News): void {
    if ('dueInMs' in news) this.#expectDue(news.dueInMs);
    else this.#wakeQueue(news.queue, news.isBack);
    this.#wake();
  }

  #wakeQueue(queue: string, isBack: boolean): void {
    if (isBack) this.#fromIds.delete(queue);
    for (const claimant of this.#claimants) if (claimant.queue === queue) this.#awake.add(claimant);
  }

  #expectDue(inMs: number): void {
    const atMs = performance.now() + inMs;
    if (inMs > tickMs || atMs >= this.#dueAtMs || this.#isOver) return;
    this.#dueAtMs = atMs;
    clearTimeout(this.#dueTimer);
    // A millisecond late: at the very moment PostgreSQL's clock may still say no.
    this.#dueTimer = setTimeout(() => this.#lookNow(), inMs + 1);
  }

  #tick(): void {
    if (this.#isRunning && performance.now() - this.#sinceMs > patienceMs) this.#link.lose('PostgreSQL does not answer');
    else this.#lookNow();
  }

  #lookNow(): void {
    this.#isLookDue = true;
    this.#wake();
  }

  #wake(): void {
    if (!this.#isRunning && !this.#isOver) void this.#work();
  }

  async #work(): Promise<void> {
    this.#isRunning = true;
    try {
      await Promise.resolve(); // what is settled in the same turn goes in one statement
      for (let step = this.#next(); step !== null; step = this.#next()) {
        this.#sinceMs = performance.now();
        await step();
      }
    } catch (thrown) {
      this.#link.lose(messageOf(thrown));
    } finally {
      this.#isRunning = false;
    }
  }

  #next(): (() => Promise<void>) | null {
    if (this.#isOver) return null;
    if (this.#isLookDue) return () => this.#look();
    const job = this.#jobs.shift();
    if (job) return () => this.#do(job);
    if (this.#requeued.length > 0) return () => this.#settle();
    for (const claimant of this.#awake) if (claimant.room > 0) return () => this.#claim(claimant); // takes acks along
    return this.#acked.length > 0 ? () => this.#settle() : null;
  }

  async #do(job: Job): Promise<void> {
    try {
      await job.run();
    } catch (thrown) {
      job.refuse(thrown);
      throw thrown;
    }
  }

  /** The claimant goes to the end of the line, and to sleep when its queue had no more. */
  async #claim(claimant: Claimant): Promise<void> {
    const { session, holder } = this.#link;
    const { queue } = claimant;
    const limit = Math.min(claimant.room, this.#claimSizes.get(queue) ?? firstClaimed);
    const acked = this.#acked;
    this.#acked = [];
    this.#awake.delete(claimant);
    const rows = await claimMessages(session, { holder, queue, fromId: this.#fromIds.get(queue) ?? 0, limit, acked });
    if (this.#isOver) return;
    const last = rows.at(-1);
    if (last) this.#fromIds.set(queue, Number(last.id) - lateNumbers);
    if (last) this.#claimSizes.set(queue, claimSize(rows));
    if (rows.length === limit && this.#claimants.has(claimant)) this.#awake.add(claimant);
    claimant.onClaimed(rows);
  }

  async #settle(): Promise<void> {
    const [acked, requeued] = [this.#acked, this.#requeued];
    if (acked.length + requeued.length === 0) return;
    this.#acked = [];
    this.#requeued = [];
    this.#announceBack(await settleMessages(this.#link.session, this.#link.holder, { acked, requeued }));
  }

  async #look(): Promise<void> {
    const { session, holder } = this.#link;
    this.#isLookDue = false;
    this.#fromIds.clear();
    this.#dueAtMs = Number.POSITIVE_INFINITY;
    clearTimeout(this.#dueTimer);
    const queues = [...new Set([...this.#claimants].map(({ queue }) => queue))];
    const [sight] = await session.query<Sight>(lookSql, [queues, holder, sessionLock]);
    if (sight === undefined) return;
    for (const claimant of this.#claimants) if (sight.ready.includes(claimant.queue)) this.#awake.add(claimant);
    if (sight.dead.length > 0) this.#announceBack(await releaseSessions(session, sight.dead));
    if (sight.dueInMs !== null) this.#expectDue(sight.dueInMs);
    if (!sight.isDue) return;
    const moved = await moveDueMessages(session);
    this.#link.announce(moved.map((queue) => ({ queue, isBack: false })));
    if (moved.length > 0) this.#isLookDue = true;
  }

  /** Tells all brokers, this one too, that messages went back into queues. */
  #announceBack(queues: readonly string[]): void {
    this.#link.announce(queues.map((queue) => ({ queue, isBack: true })));
  }
}

/** How many messages as large as these are claimed at once. */
function claimSize(rows: readonly MessageRow[]): number {
  const bytes = rows.reduce((sum, { body }) => sum + body.length, 0);
  return Math.max(1, Math.min(maxClaimed, Math.floor((maxClaimedBytes * rows.length) / (bytes + 1))));
}

const lookSql = `
  select
    array(select name::text from gccflow.broker_queue
          where name = any($1) and exists (select from gccflow.broker_message where queue = name and holder is null)) as ready,
    array(select id from gccflow.broker_session where id <> $2 and pg_try_advisory_xact_lock($3, id)) as dead,
    exists (select from gccflow.broker_message where due_at <= now()) as "isDue",
    (select extract(epoch from min(due_at) - now())::float8 * 1000 from gccflow.broker_message where due_at > now()) as "dueInMs"`;
