/** What a value that dbt or its adapters know under a key of config is called here, as a hint; by key, then by value. */
const hints: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  incremental_strategy: {
    merge: "Rows are replaced by key with 'delete_insert' and a 'unique_key', or with 'append' on a ReplacingMergeTree.",
    'delete+insert': "Did you mean 'delete_insert'?",
    legacy: "Rows are replaced by key with 'delete_insert' and a 'unique_key'.",
    default: "Leave 'incremental_strategy' out for the default.",
  },
  materialized: {
    distributed_table: "Materialize it as 'table'.",
    distributed_incremental: "Materialize it as 'incremental'.",
  },
};

/** A hint for a value that dbt takes and gccflow does not, or undefined. */
export function hintOfDbtName(key: string, value: string): string | undefined {
  const ofKey = Object.hasOwn(hints, key) ? hints[key] : undefined;
  return ofKey && Object.hasOwn(ofKey, value) ? ofKey[value] : undefined;
}
