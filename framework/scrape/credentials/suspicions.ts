import { hash } from 'node:crypto';
import type { PostgresQueries } from '../../connections/postgres.ts';
import { forgetRefusals, noteRefusal } from './credential-table.ts';

/** Refusals in a row, each of another resource, by which a credential is held to be what is refused. */
const mostRefusals = 3;

/**
 * Credentials whose requests were refused without a word on why: the provider may not want the credential, or nobody may see that one
 * resource, such as a private profile. What this process was refused counts at once; what all were, when each of them has had the time to
 * say that the provider takes the credential all the same.
 */
export class Suspicions {
  readonly #queries: PostgresQueries;
  readonly #refused = new Map<string, Set<string>>();
  /** Those of which the table tells refusals. */
  readonly #shared = new Set<string>();

  constructor(queries: PostgresQueries) {
    this.#queries = queries;
  }

  /** Whether the table tells of refusals of a credential: where it does not, another process was accepted, or somebody has enabled it. */
  heard(credential: string, isRefused: boolean): void {
    if (isRefused) {
      this.#shared.add(credential);
      return;
    }
    this.#shared.delete(credential);
    this.#refused.delete(credential);
  }

  /** Notes that a resource was refused to a credential; true where it must be the credential's fault by now. */
  async refuse(credential: string, resource: string): Promise<boolean> {
    const resources = this.#refused.get(credential) ?? new Set();
    this.#refused.set(credential, resources.add(resource));
    this.#shared.add(credential);
    const isEnough = await noteRefusal(this.#queries, credential, hash('sha256', resource).slice(0, 16), mostRefusals);
    return isEnough || resources.size >= mostRefusals;
  }

  /** The provider took the credential. Costs nothing where nobody has told of a refusal. */
  async clear(credential: string): Promise<void> {
    this.#refused.delete(credential);
    if (this.#shared.delete(credential)) await forgetRefusals(this.#queries, credential);
  }
}
