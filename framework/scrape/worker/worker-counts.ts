/** What became of the attempts of one flow. */
export interface FlowCounts {
  complete: number;
  /** Failed, and to be tried again. */
  retried: number;
  /** Failed for good. */
  failed: number;
  /** Given back uncharged: limits, credentials, services that are away, a shutdown. */
  returned: number;
  /** The lease was another's when they ended. */
  lost: number;
}

export type CountsByFlow = ReadonlyMap<string, Readonly<FlowCounts>>;

export function noCounts(): FlowCounts {
  return { complete: 0, retried: 0, failed: 0, returned: 0, lost: 0 };
}

/** What `outcome` is counted as. */
export function countedAs(kind: 'complete' | 'settled' | 'failed' | 'refused' | 'returned', isLastTry: boolean): keyof FlowCounts {
  if (kind === 'complete' || kind === 'settled') return 'complete';
  if (kind === 'returned') return 'returned';
  return kind === 'refused' || isLastTry ? 'failed' : 'retried';
}
