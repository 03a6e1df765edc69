/** A call that waits for its turn. */
export interface Waiter {
  /** Its place among all: lower came first. */
  readonly turn: number;
  /** Until when it may wait, as `performance.now()` counts. */
  readonly deadline: number;
  /** Gives it back: the key frees no sooner than in `waitMs`. */
  readonly refuse: (key: string, waitMs: number) => void;
}

/** setTimeout takes no more. */
const maxTimerMs = 2 ** 31 - 1;

/** Those who wait for one key, in the order of their coming. One of them asks at a time, and nobody while the key is known to be used up. */
export class LimitGate<Member extends Waiter> {
  /** Who asks at the moment. */
  asker: Member | null = null;
  readonly #waiting: Member[] = [];
  readonly #onOpen: () => void;
  #key = '';
  #opensAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(onOpen: () => void) {
    this.#onOpen = onOpen;
  }

  get isIdle(): boolean {
    return this.asker === null && this.#waiting.length === 0;
  }

  get isClosed(): boolean {
    return this.#timer !== undefined;
  }

  /** Takes a place by turn; refused at once where the key opens too late. */
  join(member: Member): void {
    if (this.isClosed && this.#opensAt > member.deadline) {
      member.refuse(this.#key, this.#opensAt - performance.now());
      return;
    }
    const place = this.#waiting.findLastIndex(({ turn }) => turn < member.turn) + 1;
    this.#waiting.splice(place, 0, member);
  }

  leave(member: Member): void {
    const place = this.#waiting.indexOf(member);
    if (place >= 0) this.#waiting.splice(place, 1);
  }

  /** The next one, unless somebody asks or the key is used up. */
  next(): Member | undefined {
    return this.asker !== null || this.isClosed ? undefined : this.#waiting.shift();
  }

  /** Nobody asks for `waitMs`. Those for whom that is too long are refused. */
  close(key: string, waitMs: number): void {
    clearTimeout(this.#timer);
    this.#key = key;
    this.#opensAt = performance.now() + waitMs;
    this.#timer = setTimeout(
      () => {
        this.#open();
        this.#onOpen();
      },
      Math.min(waitMs, maxTimerMs),
    );
    for (const member of this.#waiting.filter(({ deadline }) => deadline < this.#opensAt)) {
      this.#waiting.splice(this.#waiting.indexOf(member), 1);
      member.refuse(key, waitMs);
    }
  }

  /** All who wait, who wait no longer. */
  empty(): Member[] {
    return this.#waiting.splice(0);
  }

  /** Ends what the gate waits for itself; nobody may wait for it. */
  dispose(): void {
    this.#open();
  }

  #open(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
