/** Refusals in a row, each of another resource, by which a credential is held to be what is refused. */
const mostRefusals = 3;

/**
 * Credentials whose requests were refused without a word on why: the provider may not want the credential, or nobody may see that one
 * resource, such as a private profile. Of this process only.
 */
export class Suspicions {
  readonly #refused = new Map<string, Set<string>>();

  /** Notes that a resource was refused to a credential; true where it must be the credential's fault by now. */
  refuse(credential: string, resource: string): boolean {
    const resources = this.#refused.get(credential) ?? new Set();
    this.#refused.set(credential, resources.add(resource));
    return resources.size >= mostRefusals;
  }

  /** The provider took the credential. */
  clear(credential: string): void {
    this.#refused.delete(credential);
  }
}
