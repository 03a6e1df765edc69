/** A column of a seed's file. */
export interface SeedColumn {
  readonly name: string;
  /** As ClickHouse writes it, without aliases. */
  readonly type: string;
}
