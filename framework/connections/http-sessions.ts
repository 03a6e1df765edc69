import type { EngineSession } from './embedded-engine.ts';
import type { EmbeddedSessions } from './embedded-sessions.ts';
import { HttpFault } from './http-fault.ts';
import type { HttpStatement } from './http-statement.ts';

interface NamedSession {
  readonly session: EngineSession;
  busy: boolean;
  expiry: NodeJS.Timeout | undefined;
}

/** Sessions that clients name: their temporary tables and SETs last from statement to statement, until they idle for their timeout. */
export class HttpSessions implements Disposable {
  readonly #sessions: EmbeddedSessions;
  readonly #named = new Map<string, NamedSession>();

  constructor(sessions: EmbeddedSessions) {
    this.#sessions = sessions;
  }

  /** Takes a session until the result is disposed. Throws `HttpFault` when a statement runs in it, or it is gone and must exist. */
  take({ id, timeoutMs, mustExist }: NonNullable<HttpStatement['session']>): { readonly session: EngineSession } & Disposable {
    const named = this.#named.get(id) ?? this.#open(id, mustExist);
    if (named.busy) throw new HttpFault(373, 'SESSION_IS_LOCKED', `Session ${id} is locked by a concurrent client.`);
    clearTimeout(named.expiry);
    named.busy = true;
    const release = (): void => {
      named.busy = false;
      named.expiry = setTimeout(() => this.#close(id), timeoutMs).unref();
    };
    return { session: named.session, [Symbol.dispose]: release };
  }

  [Symbol.dispose](): void {
    for (const id of [...this.#named.keys()]) this.#close(id);
  }

  #open(id: string, mustExist: boolean): NamedSession {
    if (mustExist) throw new HttpFault(372, 'SESSION_NOT_FOUND', `Session ${id} does not exist.`);
    const named: NamedSession = { session: this.#sessions.openOwn(), busy: false, expiry: undefined };
    this.#named.set(id, named);
    return named;
  }

  #close(id: string): void {
    const named = this.#named.get(id);
    this.#named.delete(id);
    clearTimeout(named?.expiry);
    named?.session.close();
  }
}
