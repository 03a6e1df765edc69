/** What a node can differ in from an earlier one: dbt's names. */
export const factNames = ['body', 'configs', 'contract', 'macros', 'relation', 'persisted_descriptions'] as const;
export type FactName = (typeof factNames)[number];

/**
 * Hashes that tell whether a node is the same in two manifests, whatever the target. `body`: the SQL of both branches, or the file's content;
 * `configs`: how it is laid out and run; `contract`: declared columns, types and constraints; `macros`: the text of what its template calls,
 * and the code that a file of sinks/ or flows/ names; `relation`: database and name; `persisted_descriptions`: comments that are published.
 * '' where a node has none of it.
 */
export type NodeFacts = Readonly<Record<FactName, string>>;

/** Goes up with every change of what is hashed: facts of another version are not compared. */
export const factsVersion = 1;
