import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../foundation/error.ts';
import { backoffMs } from './backoff.ts';
import { batchToken } from './batch-token.ts';
import type { DestinationHealth } from './destination-health.ts';
import type { Held } from './held.ts';
import { isReplay } from './replayed-at.ts';
import { retryCount } from './retry-count.ts';
import { unlessAborted } from './unless-aborted.ts';
import { WriteFault, type Writer } from './writer.ts';

export interface StoreDeps {
  readonly writer: Pick<Writer, 'write' | 'findStored'>;
  /** Whether the destination can be asked for what it has. */
  readonly deduplicates: boolean;
  readonly health: DestinationHealth;
  /** Aborted, a batch that is not stored is left as it is. */
  readonly signal: AbortSignal;
  /** The rows of these outlive a crash of anything. */
  readonly onStored: (held: readonly Held[]) => void;
  /** These were stored before. */
  readonly onRepeat: (held: readonly Held[]) => void;
  readonly onRefused: (held: Held, fault: WriteFault) => void;
  /** More that waits to be stored, if anything does. */
  readonly onMore: () => readonly Held[];
  /** Asks for other batches from now on. */
  readonly onResize: (resize: 'grow' | 'shrink', rows: number) => void;
  /** Gives everything that is held back to the queue. Called when the destination has been away for `giveBackMs`. */
  readonly onGiveBack: () => Promise<void>;
  readonly giveBackMs: number;
}

/** Refused one by one before anything of a batch was stored, this many throw doubt on the table rather than on the rows. */
const doubtfulAt = 20;
/** Culprits that the destination names are taken out one by one this often; then halving is quicker. */
const maxCulprits = 3;
/** Deliveries that are tried one by one to find out whether the destination takes anything. */
const samples = 5;

const nothing: ReadonlySet<unknown> = new Set();

/** Thrown through a batch that went back to the queue. */
const givenBack = new Error('the batch went back to its queue');

/**
 * Stores one batch after the other, whatever it takes. While the destination is away or misconfigured the batch is kept and tried again;
 * a batch that is refused for its content is halved until the bad entries stand alone.
 */
export class Store {
  readonly #deps: StoreDeps;

  constructor(deps: StoreDeps) {
    this.#deps = deps;
  }

  /** Returns when every entry is stored, refused or given back. Throws the reason of the signal when it aborts before. */
  async store(held: readonly Held[]): Promise<void> {
    try {
      for (let [first, again] = this.#apart(held); first.length > 0; [first, again] = this.#apart(again)) {
        await this.#storeRest(await this.#withoutStored(first));
      }
    } catch (thrown) {
      if (thrown !== givenBack) throw thrown;
    }
  }

  /** Parts from a batch what may repeat something in it: both copies of a message that was published twice come together as a rule. */
  #apart(held: readonly Held[]): readonly [first: readonly Held[], again: readonly Held[]] {
    if (!this.#deps.deduplicates || !held.some(isDoubtful)) return [held, []];
    const ids = new Set<string>();
    const again = new Set<Held>();
    for (const one of held) {
      if (isDoubtful(one) && one.entry.ids.length > 0 && one.entry.ids.every((id) => ids.has(id))) again.add(one);
      else for (const id of one.entry.ids) ids.add(id);
    }
    return [held.filter((one) => !again.has(one)), [...again]];
  }

  async #storeRest(held: readonly Held[]): Promise<void> {
    let rest = held;
    for (let trusted = false; ; trusted = true) {
      const refused = new Map<Held, WriteFault>();
      if (await this.#split(rest, refused, trusted)) {
        this.#deps.health.answered();
        for (const [one, fault] of refused) this.#deps.onRefused(one, fault);
        return;
      }
      rest = await this.#untilAnyPasses(rest, refused);
    }
  }

  /** Asks for what may have been stored before this process had it, or for all of `doubtful`. */
  async #withoutStored(held: readonly Held[], doubtful: readonly Held[] = held.filter(isDoubtful)): Promise<readonly Held[]> {
    if (!this.#deps.deduplicates || doubtful.length === 0) return held;
    const entries = doubtful.map(({ entry }) => entry);
    const answer = await this.#untilAnswered(doubtful, () => this.#deps.writer.findStored(entries, this.#deps.signal));
    if ('fault' in answer) return held; // the write finds out what is wrong
    const repeats = doubtful.filter(({ entry }) => answer.result.has(entry));
    if (repeats.length === 0) return held;
    this.#deps.onRepeat(repeats);
    return held.filter(({ entry }) => !answer.result.has(entry));
  }

  /** Stores all but the refused. False where nothing was stored and so many were refused that the rows may not be to blame. */
  async #split(held: readonly Held[], refused: Map<Held, WriteFault>, trusted: boolean): Promise<boolean> {
    const parts = [held];
    let stored = 0;
    let culprits = 0;
    let refusedFirst = 0;
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      if (part.length === 0) continue;
      const fault = await this.#write(part);
      if (fault === null) stored += part.length;
      else if (part.length === 1 && fault.kind === 'data') {
        for (const one of part) refused.set(one, fault);
        if (part.every(({ delivery }) => retryCount(delivery.headers) === 0)) refusedFirst++; // bad ones come again together
      } else if (fault.culprit !== null && fault.culprit < part.length && culprits++ < maxCulprits) {
        const { culprit } = fault;
        parts.push(part.filter((_, index) => index !== culprit));
        parts.push(part.slice(culprit, culprit + 1));
      } else {
        const rest = fault.kind === 'load' ? await this.#withoutStored(part, part) : part; // an earlier try may have been stored
        stored += part.length - rest.length;
        const half = Math.ceil(rest.length / 2);
        parts.push(rest.slice(half), rest.slice(0, half));
      }
      if (!trusted && stored === 0 && refusedFirst >= doubtfulAt) return false;
    }
    return true;
  }

  /** The fault where the content is to blame, or the batch is too large; null when the part is stored. */
  async #write(part: readonly Held[]): Promise<WriteFault | null> {
    const { writer, signal, onStored } = this.#deps;
    const entries = part.map(({ entry }) => entry);
    const token = batchToken(part);
    const answer = await this.#untilAnswered(part, () => writer.write(entries, { token, signal }));
    if ('fault' in answer) return answer.fault;
    onStored(part);
    return null;
  }

  /** Waits until one of a few deliveries, new ones among them, is stored; then the others are to be tried again. Gives back what is left
   * of them: what was lost meanwhile comes again. */
  async #untilAnyPasses(held: readonly Held[], refused: ReadonlyMap<Held, WriteFault>): Promise<readonly Held[]> {
    const { health, onMore } = this.#deps;
    const [fault] = refused.values();
    if (fault === undefined) return held;
    for (let all = held; ; all = [...all.filter(({ hold }) => !hold.lost), ...(await this.#withoutStored(onMore()))]) {
      health.failed({ kind: 'setup', code: fault.code, message: `all of a batch was refused, one by one: ${fault.message}` });
      await this.#pause(all, null);
      for (const one of spread(all)) if ((await this.#write([one])) === null) return all.filter((other) => other !== one);
    }
  }

  /** Runs `attempt` until the destination has taken or refused it. What is nobody's fault is tried again. */
  async #untilAnswered<Result>(
    held: readonly Held[],
    attempt: () => Promise<Result>,
  ): Promise<{ readonly result: Result } | { readonly fault: WriteFault }> {
    const { health, signal, onResize } = this.#deps;
    for (;;) {
      signal.throwIfAborted();
      try {
        const result = await unlessAborted(signal, attempt());
        health.answered();
        return { result };
      } catch (thrown) {
        signal.throwIfAborted();
        const fault = asFault(thrown);
        if (fault.kind === 'data') return { fault };
        health.failed(fault);
        if (fault.resize !== null) onResize(fault.resize, held.length);
        await this.#pause(held, fault);
        if (fault.resize === 'shrink' && held.length > 1) return { fault };
      }
    }
  }

  /** Waits for the next try. After a long outage, or before one that is told, everything goes back to the queue, and one delivery is tried until the destination is back. */
  async #pause(held: readonly Held[], fault: WriteFault | null): Promise<void> {
    const { health, signal, giveBackMs, onGiveBack } = this.#deps;
    const askedMs = fault?.retryAfterMs ?? 0;
    if (health.awayMs + askedMs < giveBackMs) {
      await sleep(Math.max(backoffMs(health.failures), askedMs), undefined, { signal });
      return;
    }
    await onGiveBack();
    await this.#probe(held, askedMs);
    throw givenBack;
  }

  /** The last insert of its batch may have been stored, although nobody said so. */
  async #probe([first]: readonly Held[], firstAskedMs: number): Promise<void> {
    const { writer, deduplicates, health, signal, onStored } = this.#deps;
    if (first === undefined) return;
    for (let askedMs = firstAskedMs; ; ) {
      await sleep(Math.max(backoffMs(health.failures), askedMs), undefined, { signal });
      try {
        const stored = deduplicates ? await unlessAborted(signal, writer.findStored([first.entry], signal)) : nothing;
        if (!stored.has(first.entry)) await unlessAborted(signal, writer.write([first.entry], { token: batchToken([first]), signal }));
        health.answered();
        onStored([first]);
        return;
      } catch (thrown) {
        signal.throwIfAborted();
        const fault = asFault(thrown);
        if (fault.kind === 'data') {
          health.answered();
          return;
        }
        health.failed(fault);
        askedMs = fault.retryAfterMs ?? 0;
      }
    }
  }
}

/** Whether it may have been stored, or put off, by a process that could not say so any more. */
function isDoubtful({ delivery }: Held): boolean {
  return delivery.redelivered || delivery.deliveryCount > 0 || isReplay(delivery) || retryCount(delivery.headers) > 0;
}

/** A few that stand for all: the first, the last, and some between. */
function spread(held: readonly Held[]): readonly Held[] {
  const step = Math.max(1, (held.length - 1) / (samples - 1));
  return Array.from({ length: samples }, (_, index) => held[Math.floor(index * step)]).filter((one) => one !== undefined);
}

/** What is thrown and is no fault of the destination's is a bug: the batch is kept, as after an outage. */
function asFault(thrown: unknown): WriteFault {
  return thrown instanceof WriteFault ? thrown : new WriteFault('outage', 'BUG', messageOf(thrown), { cause: thrown });
}
