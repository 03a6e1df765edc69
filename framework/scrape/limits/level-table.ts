import { isDurable } from './limit-blocks.ts';
import type { PlannedLevel } from './plan-request.ts';
import type { RedisEpoch } from './redis-epoch.ts';
import type { RedisNames } from './redis-names.ts';

interface Row {
  readonly level: PlannedLevel;
  /** Where the keys of its hold and of what is left of its block are, from 1; 0 for no block. */
  readonly hold: number;
  readonly left: number;
  /** Where its calls are, among what is read or among the lists. */
  readonly calls: number;
  /** How many requests ask for it. */
  asked: number;
}

const rowLength = 6;

/** The levels that some requests ask for, each once, as the scripts of Redis take them. */
export class LevelTable {
  readonly #names: RedisNames;
  readonly #epoch: RedisEpoch;
  readonly #read: string[];
  readonly #lists: string[] = [];
  readonly #holds = new Map<string, number>();
  readonly #places = new Map<string, number>();
  readonly #rows: Row[] = [];

  constructor(names: RedisNames, epoch: RedisEpoch) {
    this.#names = names;
    this.#epoch = epoch;
    this.#read = [names.epoch, names.clock];
  }

  /** Where the level's row begins, from 1. */
  placeOf(level: PlannedLevel): number {
    const place = this.#places.get(level.id) ?? this.#add(level);
    (this.#rows[place] as Row).asked++;
    return place * rowLength + 1;
  }

  get keys(): readonly string[] {
    return [...this.#read, ...this.#lists];
  }

  /** `asks` is what the script wants to know of the levels. */
  argumentsFor(asks: readonly number[]): readonly (string | number)[] {
    const { text, born } = this.#epoch;
    return [text, this.#read.length, born, JSON.stringify(this.#rows.flatMap((row) => this.#numbersOf(row))), JSON.stringify(asks)];
  }

  #add(level: PlannedLevel): number {
    const { number } = this.#epoch;
    const { id, window } = level;
    const calls = this.#names.calls(number, id);
    const isLong = isDurable(level);
    this.#places.set(id, this.#rows.length);
    this.#rows.push({
      level,
      hold: this.#holdOf(level.key),
      left: isLong ? this.#read.push(this.#names.left(number, id), this.#names.block(number, id)) - 1 : 0,
      calls: window === 'fixed' ? this.#read.push(calls) : this.#lists.push(calls),
      asked: 0,
    });
    return this.#rows.length - 1;
  }

  #holdOf(key: string): number {
    const known = this.#holds.get(key);
    if (known !== undefined) return known;
    const hold = this.#read.push(this.#names.hold(this.#epoch.number, key));
    this.#holds.set(key, hold);
    return hold;
  }

  #numbersOf({ level: { perMs, window }, hold, left, calls, asked }: Row): readonly number[] {
    const isFixed = window === 'fixed';
    return [hold, isFixed ? calls : this.#read.length + calls, left, perMs, isFixed ? 1 : 0, asked];
  }
}
