import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Delivery } from '../connections/broker.ts';

/**
 * Remembers on disk, beyond a crash, which delivery was being handled alone. A broker counts only how often a delivery was held when a
 * process ended, and the ten thousand beside the one to blame were held as often.
 */
export class SuspectJournal {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Notes that the delivery is being handled; gives back how many processes have ended while they did. Written at once, by intent. Where
   * nothing can be written nothing is remembered.
   */
  begin(delivery: Delivery): number {
    const file = this.#fileOf(delivery);
    const ended = readCount(file);
    try {
      mkdirSync(this.#folder, { recursive: true });
      writeFileSync(file, String(ended + 1));
    } catch {
      // A disk that is full or read-only must not stop the sink; then the broker's own count decides alone.
    }
    return ended;
  }

  /** The delivery did no harm, or is gone. */
  end(delivery: Delivery): void {
    try {
      rmSync(this.#fileOf(delivery), { force: true });
    } catch {
      // As above.
    }
  }

  #fileOf({ messageId, body }: Delivery): string {
    const hash = createHash('sha256')
      .update(messageId ?? '')
      .update(' ')
      .update(body);
    return join(this.#folder, hash.digest('hex'));
  }
}

function readCount(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8')) || 0;
  } catch {
    return 0;
  }
}
