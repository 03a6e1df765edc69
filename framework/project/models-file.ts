/** A column as a properties or source file declares it. */
export interface Column {
  readonly name: string;
  /** ClickHouse type, e.g. `LowCardinality(String)`; null where none is declared. */
  readonly type: string | null;
  readonly description: string;
  readonly tags: readonly string[];
  readonly meta: Readonly<Record<string, unknown>>;
}
