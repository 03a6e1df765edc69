/** A sync as its file declares it. */
export interface SyncFile {
  readonly kind: 'sync';
  readonly name: string;
}
