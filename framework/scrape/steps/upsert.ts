import type { Postgres } from '../../connections/postgres.ts';
import { columnText, insertRowsSql } from '../../connections/postgres-rows.ts';
import { createTable, type Layout, readLayout, tableName } from '../../connections/postgres-table.ts';
import type { FieldKind } from '../../project/field-type.ts';
import type { UpsertStep } from '../../project/flow-file.ts';
import type { FlowScope } from '../../project/flow-scope.ts';
import { type UpsertColumn, upsertColumns } from '../../project/upsert-columns.ts';
import type { FlowDeps } from '../flow/flow-deps.ts';
import { TaskFault } from '../task-fault.ts';
import { chooseScopes, readValue, type Scope, type Value } from './scope.ts';
import type { WriteStep } from './step.ts';

/** Writes the records into a table, all in one statement: a row that is there is found by the key and updated. */
export function openUpsert(
  step: UpsertStep,
  when: Value | null,
  place: { readonly file: string; readonly scope: FlowScope },
  { postgres }: Pick<FlowDeps, 'postgres'>,
): WriteStep {
  const columns = upsertColumns(step, place.scope);
  const filledBy = columns === null ? fieldsOfRecords : always(columns.map((column) => declaredColumn(column, place.file)));
  let reading: Promise<Layout | null> | null = null;
  const readTable = async (): Promise<Layout | null> => {
    reading ??= openTable(step, columns, await postgres());
    try {
      return await reading;
    } catch (thrown) {
      reading = null; // the next task looks again
      throw thrown;
    }
  };
  return {
    phase: 'write',
    async plan(records, attempt, writes) {
      const scopes = await chooseScopes(records, when, attempt);
      if (scopes.length === 0) return;
      const filled = filledBy(scopes);
      const layout = await readTable();
      const misfits = layout === null ? ['there is no such table'] : findMisfits(step, filled, layout);
      if (misfits.length > 0 || layout === null) {
        reading = null;
        const message = `The table '${step.table}' does not fit the upsert: ${misfits.join('; ')}.`;
        throw new TaskFault('failed', 'UPSERT_TABLE', message, { place: place.file });
      }
      const typed = typedColumns(filled, layout);
      const arrays: (string | null)[][] = [];
      for (const [index, { value }] of filled.entries()) {
        const isArray = typed[index]?.castType.endsWith('[]') ?? false;
        const texts: (string | null)[] = [];
        for (const scope of scopes) texts.push(columnText(await value(scope), isArray));
        arrays.push(texts);
      }
      const sql = upsertSql(step, typed);
      writes.inTransaction.push(async (session) => {
        await session.query(sql, arrays);
      });
    },
  };
}

/** A column that is filled, and where its value is. */
interface FilledColumn {
  readonly name: string;
  readonly value: Value;
}

function declaredColumn({ name, expression }: UpsertColumn, file: string): FilledColumn {
  return { name, value: readValue(expression, file) };
}

/** A column for every field that any of the records has; null in those that do not have it. */
function fieldsOfRecords(scopes: readonly Scope[]): readonly FilledColumn[] {
  const names = new Set(scopes.flatMap(({ record }) => Object.keys(record ?? {})));
  return [...names].sort().map((name) => ({ name, value: async ({ record }) => record?.[name] }));
}

function always<Value>(value: Value): () => Value {
  return () => value;
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

/** Creates the table where it may and is to. Null where there is none. */
async function openTable(step: UpsertStep, columns: readonly UpsertColumn[] | null, postgres: Postgres): Promise<Layout | null> {
  const name = tableName(step.table);
  if (step.create) {
    const declared = (columns ?? []).map((column) => ({
      name: column.name,
      type: types[column.kind ?? 'any'],
      notNull: step.key.includes(column.name),
    }));
    await createTable(postgres, { name, columns: declared, key: step.key, isPrimary: true });
  }
  return readLayout(postgres, name);
}

interface TypedColumn {
  readonly name: string;
  readonly castType: string;
}

function typedColumns(filled: readonly FilledColumn[], { columns }: Layout): readonly TypedColumn[] {
  const castTypes = new Map(columns.map((column) => [column.name, column.castType]));
  return filled.map(({ name }) => ({ name, castType: castTypes.get(name) ?? 'text' }));
}

function upsertSql({ table, key, newer_by: newerBy }: UpsertStep, columns: readonly TypedColumn[]): string {
  return insertRowsSql({ sql: tableName(table).sql, columns, key, updates: true, newerBy, firstParameter: 1 });
}

/** What keeps rows out of the table, a phrase each. */
function findMisfits({ key }: UpsertStep, columns: readonly FilledColumn[], layout: Layout): string[] {
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
  const keyless = key.filter((name) => !filled.has(name)).map((name) => `the records have no field '${name}', which is of its key`);
  return [...absent, ...generated, ...required, ...unkeyed, ...keyless];
}
