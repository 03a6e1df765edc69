/** One call of gccflow, as artifacts tell of it. */
export interface Invocation {
  readonly id: string;
  /** The command's name, e.g. `build`. */
  readonly command: string;
  /** Its flags. Vars whose names sound like secrets are masked. */
  readonly args: Readonly<Record<string, unknown>>;
  readonly startedAt: Date;
  readonly endedAt: Date;
  /** gccflow's own version. */
  readonly version: string;
}

/** What every artifact begins with. Never the environment: it holds secrets. */
export function artifactMetadata(
  schema: 'manifest/v12' | 'run-results/v6' | 'catalog/v1' | 'sources/v3',
  { id, startedAt, endedAt, version }: Invocation,
) {
  return {
    dbt_schema_version: `https://schemas.getdbt.com/dbt/${schema}.json`,
    dbt_version: `${version}+gccflow`,
    generated_at: endedAt.toISOString(),
    invocation_id: id,
    invocation_started_at: startedAt.toISOString(),
    env: {},
  };
}
