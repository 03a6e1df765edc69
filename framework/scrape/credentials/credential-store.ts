/** Keys of a provider, in the table `gccflow.credential`; what is secret of them is encrypted there. */
export interface CredentialStore {
  /** All usable ones of a source, in random order: enabled, and not disabled for some time still. Remembers them for some seconds. */
  usable(source: string): Promise<readonly Credential[]>;
  /** How long until the first of a source may be used again by time alone; null where none will. */
  nextUsableInMs(source: string): Promise<number | null>;
  /** Not to be used for `forMs`: comes back by time alone. Of several the longest holds. */
  disableFor(id: string, forMs: number, reason: string): Promise<void>;
  /** Not to be used until somebody enables it: flagged with the reason. */
  disable(id: string, reason: string): Promise<void>;
  /** The provider refused a resource to it without saying why; true where, by what all processes were refused, the credential is at fault. */
  refused(id: string, resource: string): Promise<boolean>;
  /** The provider took it. Never fails. */
  accepted(id: string): Promise<void>;
}

export interface Credential {
  readonly id: string;
  readonly source: string;
  /** Decrypted, e.g. `{ token: '…' }`. Never print it. */
  readonly secrets: Readonly<Record<string, string>>;
}
