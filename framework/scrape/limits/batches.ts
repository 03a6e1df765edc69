interface Waiting<Item, Answer> {
  readonly item: Item;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (reason: unknown) => void;
}

/** Sends together, some at a time, what is asked in one turn of the event loop; what is asked alone goes alone and at once. */
export class Batches<Item, Answer> {
  readonly #send: (items: readonly Item[]) => Promise<readonly Answer[]>;
  readonly #most: number;
  #waiting: Waiting<Item, Answer>[] = [];

  /** `send` gives back one answer for each item, in their order. */
  constructor(most: number, send: (items: readonly Item[]) => Promise<readonly Answer[]>) {
    this.#most = most;
    this.#send = send;
  }

  ask(item: Item): Promise<Answer> {
    return new Promise((resolve, reject) => {
      // A tick runs when all promises that are settled were followed up, and so have asked what they ask.
      if (this.#waiting.length === 0) process.nextTick(() => this.#flush());
      this.#waiting.push({ item, resolve, reject });
    });
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (let first = 0; first < waiting.length; first += this.#most) void this.#settle(waiting.slice(first, first + this.#most));
  }

  async #settle(waiting: readonly Waiting<Item, Answer>[]): Promise<void> {
    try {
      const answers = await this.#send(waiting.map(({ item }) => item));
      for (const [index, { resolve }] of waiting.entries()) resolve(answers[index] as Answer);
    } catch (thrown) {
      for (const { reject } of waiting) reject(thrown);
    }
  }
}
