import type { Postgres } from '../../connections/postgres.ts';
import { migrateSchema } from '../../connections/postgres-schema.ts';
import { messageOf } from '../../foundation/error.ts';
import type { Log } from '../../foundation/log.ts';
import type { CredentialKey } from './credential-keys.ts';
import type { Credential, CredentialStore } from './credential-store.ts';
import { type CredentialRow, disableCredential, readCredentials, restCredential } from './credential-table.ts';
import { openRow } from './reseal.ts';
import { Rests } from './rests.ts';
import { Suspicions } from './suspicions.ts';

export interface CredentialOptions {
  /** Asked for when the first credential is opened: a project without any needs no key. */
  readonly keys: () => Promise<readonly CredentialKey[]>;
  readonly log: Log;
}

/** How old what is remembered of a source may be. */
const rememberedMs = 2000;
/** A disabling that ends by no more than this later than one that is known is the same one, told by another answer. */
const sameRestMs = 1000;

/** Opens the credentials of a target, whose table is made when it is missing. Other errors than those of single rows go through. */
export async function openCredentials(postgres: Postgres, options: CredentialOptions): Promise<CredentialStore & AsyncDisposable> {
  await migrateSchema(postgres);
  return new Credentials(postgres, options);
}

/** What was read of a source, and when. */
interface Remembered {
  readonly readAtMs: number;
  readonly entries: Promise<readonly Entry[]>;
}

interface Entry {
  readonly credential: Credential;
  /** When it was read. */
  readonly restMs: number;
}

class Credentials implements CredentialStore, AsyncDisposable {
  readonly #postgres: Postgres;
  readonly #keys: () => Promise<readonly CredentialKey[]>;
  readonly #log: Log;
  readonly #remembered = new Map<string, Remembered>();
  readonly #rests = new Rests(rememberedMs);
  readonly #suspicions: Suspicions;
  readonly #complained = new Set<string>();

  constructor(postgres: Postgres, { keys, log }: CredentialOptions) {
    this.#postgres = postgres;
    this.#keys = keys;
    this.#log = log;
    this.#suspicions = new Suspicions(postgres);
  }

  async usable(source: string): Promise<readonly Credential[]> {
    const waits = await this.#waits(source);
    return shuffled(waits.filter(({ waitMs }) => waitMs <= 0).map(({ credential }) => credential));
  }

  async nextUsableInMs(source: string): Promise<number | null> {
    const waits = (await this.#waits(source)).map(({ waitMs }) => waitMs).filter(Number.isFinite);
    return waits.length === 0 ? null : Math.max(0, Math.min(...waits));
  }

  async disableFor(id: string, forMs: number, reason: string): Promise<void> {
    const knownMs = this.#rests.restMs(id);
    if (knownMs > 0 && knownMs >= forMs - sameRestMs) return;
    await this.#disable(id, forMs, () => restCredential(this.#postgres, id, forMs, reason));
    this.#log.warn({ credential: id, forMs, reason }, 'credential disabled for a time');
  }

  async disable(id: string, reason: string): Promise<void> {
    if (this.#rests.restMs(id) === Number.POSITIVE_INFINITY) return;
    await this.#disable(id, Number.POSITIVE_INFINITY, () => disableCredential(this.#postgres, id, reason));
    this.#log.error({ credential: id, reason }, 'credential disabled');
  }

  refused(id: string, resource: string): Promise<boolean> {
    return this.#suspicions.refuse(id, resource);
  }

  async accepted(id: string): Promise<void> {
    await this.#suspicions.clear(id).catch((thrown: unknown) => {
      this.#log.warn({ credential: id, message: messageOf(thrown) }, 'refusals of a credential not forgotten');
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#remembered.clear();
  }

  /** This process knows at once; where PostgreSQL cannot be told, this process alone keeps to it. */
  async #disable(id: string, forMs: number, write: () => Promise<unknown>): Promise<void> {
    const rest = this.#rests.begin(id, forMs);
    try {
      await write();
      rest.wasStored();
    } catch (thrown) {
      this.#log.error({ credential: id, message: messageOf(thrown) }, 'disabling of a credential not stored');
    }
  }

  /** How long each credential of a source that is enabled rests still. */
  async #waits(source: string): Promise<{ readonly credential: Credential; readonly waitMs: number }[]> {
    const { readAtMs, entries } = this.#recall(source);
    const known = await entries;
    const ageMs = performance.now() - readAtMs;
    return known.map(({ credential, restMs }) => ({ credential, waitMs: Math.max(restMs - ageMs, this.#rests.restMs(credential.id)) }));
  }

  #recall(source: string): Remembered {
    const known = this.#remembered.get(source);
    if (known !== undefined && performance.now() - known.readAtMs < rememberedMs) return known;
    const reading: Remembered = { readAtMs: performance.now(), entries: this.#read(source) };
    this.#remembered.set(source, reading);
    // What failed is not remembered.
    reading.entries.catch(() => {
      if (this.#remembered.get(source) === reading) this.#remembered.delete(source);
    });
    return reading;
  }

  /** Rows that cannot be opened are told of and passed over while there are others. */
  async #read(source: string): Promise<readonly Entry[]> {
    const rows = (await readCredentials(this.#postgres, source)).filter(({ enabled }) => enabled);
    for (const { id, is_suspected } of rows) this.#suspicions.heard(id, is_suspected);
    if (rows.length === 0) return [];
    const keys = await this.#keys();
    const opened = await Promise.allSettled(rows.map((row) => this.#open(row, keys)));
    const failures = opened.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    if (failures.length === rows.length) throw failures[0];
    for (const failure of failures) this.#complain(messageOf(failure));
    return opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  }

  async #open(row: CredentialRow, keys: readonly CredentialKey[]): Promise<Entry> {
    const secrets = await openRow(this.#postgres, row, keys);
    return { credential: { id: row.id, source: row.source, secrets }, restMs: row.rest_ms };
  }

  #complain(message: string): void {
    if (this.#complained.has(message)) return;
    this.#complained.add(message);
    this.#log.error({ message }, 'credential passed over');
  }
}

function shuffled<Item>(items: readonly Item[]): readonly Item[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1));
    [result[last], result[other]] = [result[other] as Item, result[last] as Item];
  }
  return result;
}
