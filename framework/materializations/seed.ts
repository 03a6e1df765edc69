import { quoteName, quoteText } from '../foundation/quote.ts';
import { relationSql } from '../manifest/relation.ts';
import { exactCast } from './exact-cast.ts';
import { layoutMistakes } from './layout-mistakes.ts';
import { type BuildInput, defineMaterialization } from './materialization.ts';
import type { SeedColumn } from './seed-column.ts';
import { alterEmptyTable, stageSettings, tableClauses } from './table-clauses.ts';
import type { WriteStep } from './write-step.ts';

/** A CSV file loaded as a table: its fields as texts first, then those as values of the columns' types. */
export const seed = defineMaterialization({
  name: 'seed',
  publishes: 'table',
  check: layoutMistakes,
  plan: (input) => {
    const { stage, config, seedColumns, comment, reason, scratch } = input;
    const texts = scratch('texts');
    const create = `create table ${relationSql(stage)} (\n${columnList(seedColumns)}\n)\n${tableClauses(config, comment)}`;
    return {
      mode: 'full',
      reason,
      steps: [
        { kind: 'statement', purpose: 'create the new table', sql: create },
        ...alterEmptyTable(stage, config).map((statement) => ({ kind: 'statement' as const, ...statement })),
        createTexts(input, texts),
        { kind: 'load', purpose: 'load the file', into: texts, columns: seedColumns, delimiter: config.delimiter },
        fitTypes(input, texts),
      ],
      scratch: [texts],
    };
  },
});

function createTexts({ seedColumns, comment }: BuildInput, texts: BuildInput['stage']): WriteStep {
  const columns = columnList(seedColumns.map(({ name }) => ({ name, type: 'Nullable(String)' })));
  const sql = `create table ${relationSql(texts)} (\n${columns}\n)\nengine = MergeTree\norder by tuple()\ncomment ${quoteText(comment, 'clickhouse')}`;
  return { kind: 'statement', purpose: 'create a table for the texts of the file', sql };
}

function fitTypes({ stage, seedColumns, config }: BuildInput, texts: BuildInput['stage']): WriteStep {
  const casts = seedColumns.map(exactCast);
  const names = seedColumns.map(({ name }) => quoteName(name, 'clickhouse')).join(', ');
  const sql = [
    `insert into ${relationSql(stage)} (${names})`,
    `select\n${casts.map(({ value }) => `  ${value}`).join(',\n')}`,
    `from ${relationSql(texts)}`,
    `where not throwIf(\n${casts.map(({ unfit }) => `  (${unfit})`).join(' or\n')}, 'a value does not fit')`,
  ].join('\n');
  return {
    kind: 'fit_types',
    purpose: 'turn the texts into values, exactly',
    from: texts,
    into: stage,
    columns: seedColumns,
    delimiter: config.delimiter,
    sql,
    settings: { ...stageSettings, max_partitions_per_insert_block: 0 },
  };
}

function columnList(columns: readonly SeedColumn[]): string {
  return columns.map(({ name, type }) => `  ${quoteName(name, 'clickhouse')} ${type}`).join(',\n');
}
