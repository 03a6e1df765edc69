/** What has become of a sink's deliveries since it began. */
export interface SinkCounts {
  /** Deliveries whose rows are stored. */
  stored: number;
  /** Deliveries that had been stored before and were not stored again. */
  repeats: number;
  /** Put off to be tried again. */
  retried: number;
  deadLettered: number;
}

export function noCounts(): SinkCounts {
  return { stored: 0, repeats: 0, retried: 0, deadLettered: 0 };
}
