import { formatDuration } from '../../foundation/duration.ts';
import { GccflowError } from '../../foundation/error.ts';
import type { Log } from '../../foundation/log.ts';
import { LimitGate, type Waiter } from './limit-gate.ts';
import { type LimitAnswer, type Limiter, type LimitLine, type LimitRequest, LimitWait } from './limiter.ts';

export interface LimitLineOptions {
  /** Not closed by the line. */
  readonly limiter: Pick<Limiter, 'ask'>;
  /** What becomes of calls while the limiter is away: they are given back, or let through without being counted. */
  readonly whenAway: 'fail_closed' | 'fail_open';
  readonly log: Log;
}

/** The line in front of a limiter. A process needs one, so that its calls wait for each other and not all of them ask. */
export function limitLine(options: LimitLineOptions): LimitLine {
  return new Line(options);
}

interface Member extends Waiter {
  readonly request: LimitRequest;
  /** The keys of its levels, and one that stands for all its choices. */
  readonly keys: readonly string[];
  readonly admit: (choice: number) => void;
  readonly fail: (reason: unknown) => void;
  isOver: boolean;
}

const firstBackoffMs = 500;
const maxBackoffMs = 30_000;

class Line implements LimitLine {
  readonly #options: LimitLineOptions;
  readonly #gates = new Map<string, LimitGate<Member>>();
  readonly #outage: Outage;
  #turns = 0;

  constructor(options: LimitLineOptions) {
    this.#options = options;
    this.#outage = new Outage(options);
  }

  async pass(request: LimitRequest, { maxWaitMs, signal }: { maxWaitMs: number; signal: AbortSignal }): Promise<number> {
    signal.throwIfAborted();
    if (request.levels.length === 0 && request.choices.every((own) => own.length === 0)) return 0;
    const keys = keysOf(request);
    if (this.#outage.backoffMs > 0) return this.#outage.verdict();
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const member: Member = {
      turn: this.#turns++,
      deadline: performance.now() + maxWaitMs,
      request,
      keys,
      isOver: false,
      admit: resolve,
      fail: reject,
      refuse: (key, waitMs) => reject(new LimitWait(key, waitMs)),
    };
    const abort = (): void => {
      reject(signal.reason);
      this.#leave(member);
    };
    signal.addEventListener('abort', abort, { once: true });
    this.#route(member);
    try {
      return await promise;
    } finally {
      member.isOver = true;
      signal.removeEventListener('abort', abort);
    }
  }

  /** Asks at once, unless somebody is before it at one of its keys; then it waits there. */
  #route(member: Member): void {
    for (const key of member.keys) {
      const gate = this.#gates.get(key);
      if (gate === undefined || (gate.asker === null && !gate.isClosed)) continue;
      gate.join(member);
      return;
    }
    void this.#ask(member);
  }

  /** A member that was aborted meanwhile is answered all the same: its call is counted. */
  async #ask(member: Member): Promise<void> {
    for (const key of member.keys) this.#gate(key).asker = member;
    const answer = await this.#options.limiter.ask(member.request).catch((thrown: unknown) => ({ thrown }));
    for (const key of member.keys) this.#gate(key).asker = null;
    if ('thrown' in answer) this.#fail(member, answer.thrown);
    else this.#settle(member, answer);
    for (const key of member.keys) this.#advance(key);
  }

  #settle(member: Member, answer: LimitAnswer): void {
    this.#outage.end();
    if (answer.admitted) {
      member.admit(answer.choice);
      return;
    }
    const { key, waitMs } = answer;
    const gate = this.#gate(member.keys.includes(key) ? key : (member.keys.at(-1) ?? key));
    gate.close(key, waitMs);
    if (!member.isOver) gate.join(member);
  }

  #fail(member: Member, thrown: unknown): void {
    if (!(thrown instanceof GccflowError) || thrown.code !== 'LIMITER_UNREACHABLE') {
      member.fail(thrown);
      return;
    }
    this.#outage.begin(thrown);
    for (const each of [member, ...[...this.#gates.values()].flatMap((gate) => gate.empty())]) {
      this.#outage.verdict().then(each.admit, each.fail);
    }
    for (const key of this.#gates.keys()) this.#advance(key);
  }

  #leave(member: Member): void {
    for (const key of member.keys) {
      this.#gates.get(key)?.leave(member);
      this.#advance(key);
    }
  }

  /** The first of those who wait asks, or goes to another key that it has to wait for. */
  #advance(key: string): void {
    const gate = this.#gates.get(key);
    if (gate === undefined) return;
    for (let next = gate.next(); next !== undefined; next = gate.next()) this.#route(next);
    if (!gate.isIdle) return;
    gate.dispose();
    this.#gates.delete(key);
  }

  #gate(key: string): LimitGate<Member> {
    const gate = this.#gates.get(key) ?? new LimitGate<Member>(() => this.#advance(key));
    this.#gates.set(key, gate);
    return gate;
  }
}

/** Calls with the same choices wait for each other, in whatever order they name them. */
function keysOf({ levels, choices }: LimitRequest): string[] {
  const keys = new Set(levels.map(({ key }) => key));
  const ofChoices = choices.map((own) => own.map(({ key }) => key).join('\n')).sort();
  if (choices.every((own) => own.length > 0) && choices.length > 0) keys.add(`\n${ofChoices.join('\n\n')}`);
  return [...keys];
}

/** A time in which the limiter is away: nobody asks for some time, longer with every failure. */
class Outage {
  readonly #options: LimitLineOptions;
  #failures = 0;
  #sinceMs = 0;
  #until = 0;
  #passed = 0;

  constructor(options: LimitLineOptions) {
    this.#options = options;
  }

  /** How long nobody is to ask; 0 or less for somebody may. */
  get backoffMs(): number {
    return this.#until - performance.now();
  }

  /** Lets a call through, or gives it back. */
  async verdict(): Promise<number> {
    if (this.#options.whenAway === 'fail_closed') throw new LimitWait(null, Math.max(1, this.backoffMs));
    this.#passed++;
    return 0;
  }

  /** An ask failed. Those that were on their way with it say nothing new. */
  begin(fault: GccflowError): void {
    if (this.backoffMs > 0) return;
    if (this.#failures === 0) {
      this.#sinceMs = performance.now();
      const { log, whenAway } = this.#options;
      log.warn(
        { reason: fault.message },
        whenAway === 'fail_open' ? 'limiter away: calls were let through uncounted' : 'limiter away: calls wait',
      );
    }
    const mostMs = Math.min(maxBackoffMs, firstBackoffMs * 2 ** Math.min(this.#failures++, 10));
    this.#until = performance.now() + mostMs * (0.5 + Math.random() / 2);
  }

  end(): void {
    if (this.#failures === 0) return;
    const lasted = formatDuration(performance.now() - this.#sinceMs);
    this.#options.log.info({ lasted, uncounted: this.#passed }, 'limiter back');
    this.#failures = 0;
    this.#until = 0;
    this.#passed = 0;
  }
}
