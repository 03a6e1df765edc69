import { messageOf } from '../../foundation/error.ts';
import type { Log } from '../../foundation/log.ts';
import type { CredentialStore } from '../credentials/credential-store.ts';
import type { Level, Limiter } from '../limits/limiter.ts';
import { credentialLevelKey } from './api-levels.ts';
import type { Choice } from './choices.ts';
import type { Quota } from './rate-headers.ts';

export interface AfterAnswerDeps {
  readonly credentials: Pick<CredentialStore, 'disableFor' | 'disable'>;
  readonly limiter: Pick<Limiter, 'close' | 'narrow'>;
  readonly log: Log;
}

/** Below this share of a quota it is told to the limiter what is left of it; above, each answer would cost a round trip to say what it knows. */
const scarce = 1 / 4;

/**
 * How long the limits of a credential that rests are closed: until other processes have read of it in its row, which alone says from then on
 * whether it may be used. Somebody may enable it before its time.
 */
const bridgeMs = 10_000;

/** What providers say of limits and credentials, passed on to those who keep them, for all processes. */
export class AfterAnswer {
  readonly #deps: AfterAnswerDeps;

  constructor(deps: AfterAnswerDeps) {
    this.#deps = deps;
  }

  /** The credential of a choice, or the API where it has none, rests for so long. */
  async rest(choice: Choice, forMs: number, reason: string): Promise<void> {
    const { credential, gate, node } = choice;
    const keys = new Set(ownLevels(choice).map(({ key }) => key));
    const closeMs = credential === null ? forMs : Math.min(forMs, bridgeMs);
    if (credential === null) {
      gate.rest(forMs);
      this.#deps.log.warn({ api: node.name, forMs, reason }, 'API rests');
    } else {
      await this.#deps.credentials.disableFor(credential.id, forMs, reason);
    }
    for (const key of keys) await this.#tell(() => this.#deps.limiter.close(key, closeMs));
  }

  /** The credential is not used until somebody enables it. */
  async refuse(credential: string, reason: string): Promise<void> {
    await this.#deps.credentials.disable(credential, reason);
  }

  /** Narrows the limit that a quota is about; one that is used up and belongs to no limit of ours makes the credential or the API rest. */
  async narrow(choice: Choice, quotas: readonly Quota[]): Promise<void> {
    for (const { limit, remaining, resetMs } of quotas) {
      if (remaining === null || (limit !== null && remaining > limit * scarce)) continue;
      const level = levelOf(ownLevels(choice), limit, resetMs);
      if (level !== null) await this.#tell(() => this.#deps.limiter.narrow(level, remaining, resetMs));
      else if (remaining === 0) await this.rest(choice, resetMs, 'the provider says that its quota is used up');
    }
  }

  /** A limiter that is away learns it from the next answer; the call goes on. */
  async #tell(tell: () => Promise<void>): Promise<void> {
    try {
      await tell();
    } catch (thrown) {
      this.#deps.log.warn({ message: messageOf(thrown) }, 'limiter not told what a provider says');
    }
  }
}

/** What a provider counts by its own headers: the credential where there is one. */
function ownLevels({ credential, levels }: Choice): readonly Level[] {
  return credential === null ? levels : levels.filter(({ key }) => key === credentialLevelKey(credential.id));
}

/** That of the same size, else the shortest that the reset fits into, else the longest. */
function levelOf(levels: readonly Level[], limit: number | null, resetMs: number): Level | null {
  const byTime = levels.toSorted((one, other) => one.perMs - other.perMs);
  return levels.find(({ requests }) => requests === limit) ?? byTime.find(({ perMs }) => perMs >= resetMs) ?? byTime.at(-1) ?? null;
}
