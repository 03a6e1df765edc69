export type StatementSettings = Readonly<Record<string, string | number | boolean>>;

/** One statement for ClickHouse and why it is run. */
export interface Statement {
  /** For people: `build the new table`. */
  readonly purpose: string;
  readonly sql: string;
  readonly settings?: StatementSettings;
}
