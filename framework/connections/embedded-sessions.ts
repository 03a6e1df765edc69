import { quoteName, quoteText } from '../foundation/quote.ts';
import type { EmbeddedEngine, EngineSession } from './embedded-engine.ts';
import type { WarehouseSettings } from './warehouse.ts';

/** What a statement wants its session to hold before it starts. Parameters are in ClickHouse's escaped text form. */
export interface SessionState {
  readonly settings: WarehouseSettings;
  readonly params: Readonly<Record<string, string>>;
  readonly database?: string | null | undefined;
}

/** A session lent to one statement. Disposing it gives it back, with its settings as they were. */
export interface LentSession extends Disposable {
  readonly session: EngineSession;
  /** Says that the statement itself changed the session (SET, USE), so that it is not lent again. */
  spoil(): void;
}

/**
 * Sessions at one data directory, `size` of them at most, made when needed (0.6 ms each) and lent to one statement at a time.
 * Settings that a statement brings are set before it and back to their base after it (0.05 ms each).
 */
export class EmbeddedSessions {
  readonly #engine: EmbeddedEngine;
  readonly #base: WarehouseSettings;
  readonly #size: number;
  readonly #idle: PooledSession[] = [];
  readonly #waiting: (() => void)[] = [];
  #lent = 0;
  #closed = false;
  /** For statements that must never wait for a free session: KILL QUERY, looks at system.processes. */
  readonly control: EngineSession;

  constructor(engine: EmbeddedEngine, { size, base }: { size: number; base: WarehouseSettings }) {
    this.#engine = engine;
    this.#base = base;
    this.#size = size;
    this.control = engine.open();
  }

  /** Waits for a free session and prepares it. Throws the engine's error when a setting does not exist or does not parse. */
  async lend(state: SessionState, signal?: AbortSignal): Promise<LentSession> {
    await this.#free(signal);
    let pooled: PooledSession | undefined;
    try {
      pooled = this.#take(state);
      pooled.prepare(state);
      return this.#lending(pooled);
    } catch (error) {
      pooled?.session.close();
      this.#giveBack(undefined); // a session half prepared is not lent again
      throw error;
    }
  }

  /** A session outside the pool, with the base settings, that lives until its owner closes it. */
  openOwn(): EngineSession {
    return this.#open().session;
  }

  /** Lends a session of `openOwn`: settings and parameters last for the statement, what the statement itself sets stays. */
  prepareOwn(session: EngineSession, state: SessionState): LentSession {
    const pooled = new PooledSession(session, {});
    pooled.prepare(state);
    return { session, spoil: () => {}, [Symbol.dispose]: () => void pooled.reset() };
  }

  /** Resolves when no session is lent any more, then closes all. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#lent > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    for (const pooled of this.#idle.splice(0)) pooled.session.close();
    this.control.close();
  }

  async #free(signal: AbortSignal | undefined): Promise<void> {
    while (this.#lent >= this.#size) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (signal?.aborted) {
      this.#waiting.shift()?.();
      throw signal.reason;
    }
    this.#lent += 1;
  }

  #take({ params }: SessionState): PooledSession {
    const index = this.#idle.findLastIndex((pooled) => pooled.fits(params));
    return (index >= 0 ? this.#idle.splice(index, 1)[0] : undefined) ?? this.#open();
  }

  #open(): PooledSession {
    return new PooledSession(this.#engine.open(), this.#base);
  }

  #lending(pooled: PooledSession): LentSession {
    let spoilt = false;
    return {
      session: pooled.session,
      spoil: () => {
        spoilt = true;
      },
      [Symbol.dispose]: () => this.#giveBack(!spoilt && pooled.reset() ? pooled : void pooled.session.close()),
    };
  }

  #giveBack(pooled: PooledSession | undefined): void {
    this.#lent -= 1;
    if (pooled) this.#idle.push(pooled);
    while (this.#idle.length > this.#size) this.#idle.shift()?.session.close();
    if (this.#closed) for (const wake of this.#waiting.splice(0)) wake();
    else this.#waiting.shift()?.();
  }
}

class PooledSession {
  readonly session: EngineSession;
  readonly #base: WarehouseSettings;
  readonly #params = new Set<string>();
  #changed: string[] = [];
  #moved = false;

  constructor(session: EngineSession, base: WarehouseSettings) {
    this.session = session;
    this.#base = base;
    this.#set(Object.entries(base));
  }

  /** A parameter cannot be unset, so a session serves only statements that set every one it still holds. */
  fits(params: SessionState['params']): boolean {
    for (const name of this.#params) if (!(name in params)) return false;
    return true;
  }

  prepare({ settings, params, database }: SessionState): void {
    if (database && database !== 'default') {
      this.session.runNow(`use ${quoteName(database, 'clickhouse')}`);
      this.#moved = true;
    }
    const changes = Object.entries(settings).filter(([name, value]) => String(this.#base[name]) !== String(value));
    this.#changed = changes.map(([name]) => name);
    for (const name of Object.keys(params)) this.#params.add(name);
    this.#set([...changes, ...Object.entries(params).map(([name, value]) => [`param_${name}`, value] as const)]);
  }

  /** Whether the session is as new. */
  reset(): boolean {
    try {
      if (this.#moved) this.session.runNow('use default');
      this.#moved = false;
      if (this.#changed.length > 0)
        this.session.runNow(`set ${this.#changed.map((name) => `${settingName(name)} = ${this.#baseValue(name)}`).join(', ')}`);
      this.#changed = [];
      return true;
    } catch {
      return false;
    }
  }

  #baseValue(name: string): string {
    const base = this.#base[name];
    return base === undefined ? 'default' : settingValue(base);
  }

  #set(entries: readonly (readonly [string, string | number | boolean])[]): void {
    if (entries.length === 0) return;
    this.session.runNow(`set ${entries.map(([name, value]) => `${settingName(name)} = ${settingValue(value)}`).join(', ')}`);
  }
}

function settingName(name: string): string {
  if (!/^\w+$/.test(name))
    throw new Error(`Code: 115. DB::Exception: Setting ${JSON.stringify(name)} is neither a builtin setting. (UNKNOWN_SETTING)`);
  return name;
}

function settingValue(value: string | number | boolean): string {
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value === 'number') return String(value);
  return quoteText(value, 'clickhouse').replaceAll('\0', '\\0'); // the engine takes text up to a NUL
}
