import type { Postgres } from '../../connections/postgres.ts';
import { columnText, insertRowsSql } from '../../connections/postgres-rows.ts';
import { createTable, type Layout, readLayout, tableName } from '../../connections/postgres-table.ts';
import type { FieldKind } from '../../project/field-type.ts';
import type { UpsertStep } from '../../project/flow-file.ts';
import type { FlowScope } from '../../project/flow-scope.ts';
import { type UpsertColumn, upsertColumns } from '../../project/upsert-columns.ts';
import type { FlowDeps } from '../flow/flow-deps.ts';
import { TaskFault } from '../task-fault.ts';
import { chooseScopes, readValue, type Value } from './scope.ts';
import type { WriteStep } from './step.ts';

/** Writes the records into a table, all in one statement: a row that is there is found by the key and updated. */
export function openUpsert(
  step: UpsertStep,
  when: Value | null,
  place: { readonly file: string; readonly scope: FlowScope },
  { postgres }: Pick<FlowDeps, 'postgres'>,
): WriteStep {
  const columns = upsertColumns(step, place.scope);
  if (columns === null) throw new Error(`the columns of '${step.table}' in ${place.file} are not known`);
  const values = columns.map(({ expression }) => readValue(expression, place.file));
  let prepared: Promise<Prepared> | null = null;
  const prepare = async (): Promise<Prepared> => {
    prepared ??= prepareTable(step, columns, await postgres(), place.file);
    try {
      return await prepared;
    } catch (thrown) {
      prepared = null; // the next task looks again
      throw thrown;
    }
  };
  return {
    phase: 'write',
    async plan(records, attempt, writes) {
      const scopes = await chooseScopes(records, when, attempt);
      if (scopes.length === 0) return;
      const { sql, areArrays } = await prepare();
      const arrays: (string | null)[][] = [];
      for (const [index, value] of values.entries()) {
        const texts: (string | null)[] = [];
        for (const scope of scopes) texts.push(columnText(await value(scope), areArrays[index] ?? false));
        arrays.push(texts);
      }
      writes.inTransaction.push(async (session) => {
        await session.query(sql, arrays);
      });
    },
  };
}

interface Prepared {
  readonly sql: string;
  readonly areArrays: readonly boolean[];
}

const types: Readonly<Record<FieldKind, string>> = {
  string: 'text',
  integer: 'bigint',
  number: 'double precision',
  boolean: 'boolean',
  timestamp: 'timestamptz',
  object: 'jsonb',
  list: 'jsonb',
  any: 'jsonb',
};

/** Creates the table where it may, and compares it with the columns. Throws TaskFault with all that does not fit. */
async function prepareTable(step: UpsertStep, columns: readonly UpsertColumn[], postgres: Postgres, file: string): Promise<Prepared> {
  const name = tableName(step.table);
  if (step.create) {
    const declared = columns.map((column) => ({
      name: column.name,
      type: types[column.kind ?? 'any'],
      notNull: step.key.includes(column.name),
    }));
    await createTable(postgres, { name, columns: declared, key: step.key, isPrimary: true });
  }
  const layout = await readLayout(postgres, name);
  const misfits = layout === null ? ['there is no such table'] : findMisfits(step, columns, layout);
  if (misfits.length > 0 || layout === null) {
    throw new TaskFault('failed', 'UPSERT_TABLE', `The table '${step.table}' does not fit the upsert: ${misfits.join('; ')}.`, {
      place: file,
    });
  }
  const castTypes = new Map(layout.columns.map((column) => [column.name, column.castType]));
  const typed = columns.map((column) => ({ name: column.name, castType: castTypes.get(column.name) ?? 'text' }));
  return {
    sql: insertRowsSql({ sql: name.sql, columns: typed, key: step.key, updates: true, newerBy: step.newer_by, firstParameter: 1 }),
    areArrays: typed.map(({ castType }) => castType.endsWith('[]')),
  };
}

/** What keeps rows out of the table, a phrase each. */
function findMisfits({ key }: UpsertStep, columns: readonly UpsertColumn[], layout: Layout): string[] {
  const byName = new Map(layout.columns.map((column) => [column.name, column]));
  const filled = new Set(columns.map((column) => column.name));
  const absent = columns.filter((column) => !byName.has(column.name)).map((column) => `it has no column '${column.name}'`);
  const generated = columns
    .filter((column) => byName.get(column.name)?.generated)
    .map((column) => `its column '${column.name}' is generated`);
  const required = layout.columns
    .filter((column) => column.required && !filled.has(column.name))
    .map((column) => `its column '${column.name}' needs a value, and the upsert has none`);
  const isUnique = layout.uniques.some((unique) => new Set(unique).symmetricDifference(new Set(key)).size === 0);
  const unkeyed = isUnique ? [] : [`no unique index is on (${key.join(', ')})`];
  return [...absent, ...generated, ...required, ...unkeyed];
}
