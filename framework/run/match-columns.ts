import { GccflowError } from '../foundation/error.ts';
import { quoteName, quoteText } from '../foundation/quote.ts';
import type { ModelNode, SeedNode } from '../manifest/manifest.ts';
import { type Relation, relationSql } from '../manifest/relation.ts';
import type { SchemaChangePolicy } from '../project/model-config.ts';

export interface TypedColumn {
  readonly name: string;
  readonly type: string;
}

/** What differs between the columns a table has and those a SELECT returns. Order does not matter: rows are put in by name. */
export interface ColumnDifferences {
  readonly added: readonly TypedColumn[];
  readonly removed: readonly TypedColumn[];
  readonly retyped: readonly (TypedColumn & { readonly from: string })[];
}

export function compareColumns(table: readonly TypedColumn[], select: readonly TypedColumn[]): ColumnDifferences {
  const typeInTable = new Map(table.map(({ name, type }) => [name, type]));
  const selected = new Set(select.map(({ name }) => name));
  return {
    added: select.filter(({ name }) => !typeInTable.has(name)),
    removed: table.filter(({ name }) => !selected.has(name)),
    retyped: select.flatMap(({ name, type }) => {
      const from = typeInTable.get(name);
      return from === undefined || from === type ? [] : [{ name, type, from }];
    }),
  };
}

export interface ColumnMatch {
  /** ALTERs of the stage that make it fit. */
  readonly alters: readonly string[];
  /** Columns whose values are rewritten, each with a query that counts the values that would not come back as they were. */
  readonly losses: readonly { readonly column: string; readonly sql: string }[];
  /** The columns that are put in, by name. */
  readonly columns: readonly string[];
}

/** Applies a policy to the differences. Pure. Throws SCHEMA_CHANGED where the policy does not allow them. */
export function matchColumns(node: MatchedNode, stage: Relation, differences: ColumnDifferences, match: MatchPolicy): ColumnMatch {
  const { policy, select } = match;
  const refused = refusedDifferences(policy, differences);
  if (refused.length > 0) throw schemaChanged(node, refused);

  const add = differences.added.map(({ name, type }) => `add column ${quoteName(name, 'clickhouse')} ${type}`);
  const drop = differences.removed.map(({ name }) => `drop column ${quoteName(name, 'clickhouse')}`);
  const retype = differences.retyped.map(({ name, type }) => `modify column ${quoteName(name, 'clickhouse')} ${type}`);
  const actions = policy === 'sync_all_columns' ? [...add, ...retype, ...drop] : policy === 'append_new_columns' ? add : [];
  const left = policy === 'ignore' ? new Set(differences.added.map(({ name }) => name)) : new Set<string>();
  return {
    alters: actions.map((action) => `alter table ${relationSql(stage)} ${action}`),
    losses:
      policy === 'sync_all_columns' ? differences.retyped.map((column) => ({ column: column.name, sql: lossSql(stage, column) })) : [],
    columns: select.map(({ name }) => name).filter((name) => !left.has(name)),
  };
}

function lossSql(stage: Relation, { name, type, from }: ColumnDifferences['retyped'][number]): string {
  const column = quoteName(name, 'clickhouse');
  const back = `cast(cast(${column}, ${quoteText(type, 'clickhouse')}), ${quoteText(from, 'clickhouse')})`;
  return `select count() as lost from ${relationSql(stage)} where not ifNull(${back} = ${column}, ${back} is null and ${column} is null)`;
}

/** The error for values that a change of type would alter. */
export function valuesLost(node: MatchedNode, column: string, cause?: unknown): GccflowError {
  return new GccflowError(
    'SCHEMA_CHANGED',
    `The column '${column}' of the ${kindOf(node)} '${node.name}' holds values that its new type cannot. The table is untouched.`,
    {
      hint: `${node.config.materialized === 'snapshot' ? 'Keep' : 'Rebuild the table with --full-refresh, or keep'} the type with a cast.`,
      cause,
    },
  );
}

type MatchedNode = Pick<ModelNode | SeedNode, 'name' | 'config'>;

export interface MatchPolicy {
  readonly policy: SchemaChangePolicy;
  readonly select: readonly TypedColumn[];
}

function refusedDifferences(policy: SchemaChangePolicy, { added, removed, retyped }: ColumnDifferences): string[] {
  const retypes = retyped.map(({ name, from, type }) => `'${name}' was ${from} and is ${type}`);
  if (policy === 'sync_all_columns') return [];
  if (policy !== 'fail') return retypes; // ClickHouse would wrap what does not fit the old type
  return [
    ...added.map(({ name, type }) => `'${name}' (${type}) is new`),
    ...removed.map(({ name, type }) => `'${name}' (${type}) is gone`),
    ...retypes,
  ];
}

function schemaChanged(node: MatchedNode, differences: readonly string[]): GccflowError {
  return new GccflowError(
    'SCHEMA_CHANGED',
    `The columns of the ${kindOf(node)} '${node.name}' differ from its table's: ${differences.join('; ')}. The table is untouched.`,
    { hint: `Set 'on_schema_change' to ${waysOut[node.config.materialized] ?? waysOut.incremental}` },
  );
}

const waysOut: Readonly<Record<string, string>> = {
  incremental: 'append_new_columns or sync_all_columns, or rebuild the table with --full-refresh.',
  snapshot: 'append_new_columns, or to sync_all_columns, which takes out of the history what the SELECT returns no more.',
  materialized_view: 'append_new_columns, or rebuild the table with --full-refresh.',
};

function kindOf({ config: { materialized } }: MatchedNode): string {
  return materialized === 'incremental' ? 'incremental model' : materialized.replaceAll('_', ' ');
}
