/** A mistake put into the valid project, and where the check must tell it. */
export interface Fault {
  readonly kind: string;
  readonly file: string;
  /** Text of the file, which it holds once. */
  readonly find: string;
  readonly put: string;
  /** Where the mistake is told: the first line of the changed project's file that holds the text. Where `put` begins if absent. */
  readonly at?: { readonly file: string; readonly text: string };
}

/** Faults of one kind. */
export function faults(kind: string, ...entries: readonly Omit<Fault, 'kind'>[]): readonly Fault[] {
  return entries.map((entry) => ({ kind, ...entry }));
}

/** `find` becomes `put` in a file. */
export function edit(file: string, find: string, put: string, at?: Fault['at']): Omit<Fault, 'kind'> {
  return { file, find, put, ...(at && { at }) };
}
