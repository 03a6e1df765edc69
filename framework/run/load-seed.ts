import { join } from 'node:path';
import type { StatementCost } from '../connections/warehouse.ts';
import { GccflowError } from '../foundation/error.ts';
import type { SeedNode } from '../manifest/manifest.ts';
import { relationSql } from '../manifest/relation.ts';
import type { WriteStep } from '../materializations/materialization.ts';
import { stageSettings } from '../materializations/table-clauses.ts';
import { lineOfRecord, openCsv, readCsvHeader } from './csv-file.ts';
import { faultOf, type NodeStatements } from './node-statements.ts';

/** Streams a seed's file into a stage. Throws SEED_INVALID with file, line and column where a value does not fit. */
export async function loadSeed(
  seed: SeedNode,
  step: Extract<WriteStep, { kind: 'load' }>,
  { projectDir, statements }: { projectDir: string; statements: NodeStatements },
): Promise<StatementCost> {
  const path = join(projectDir, seed.file);
  try {
    return await statements.insert(relationSql(step.into), openCsv(path), {
      format: 'CSVWithNames',
      columns: step.columns.map(({ name }) => name),
      settings: csvSettings(step.delimiter),
    });
  } catch (thrown) {
    throw (await explainBadValue(seed, thrown, { path, delimiter: step.delimiter })) ?? thrown;
  }
}

/** How ClickHouse reads seeds: strictly, in one thread so that row numbers count from the file's beginning. */
export function csvSettings(delimiter: string) {
  return {
    ...stageSettings,
    format_csv_delimiter: delimiter,
    format_csv_allow_single_quotes: 0,
    input_format_parallel_parsing: 0,
    input_format_skip_unknown_fields: 0,
    input_format_csv_empty_as_default: 1,
    date_time_input_format: 'best_effort',
    date_time_overflow_behavior: 'throw',
  } as const;
}

/** ClickHouse names the row and the column it could not read. */
async function explainBadValue(seed: SeedNode, thrown: unknown, { path, delimiter }: { path: string; delimiter: string }) {
  const fault = faultOf(thrown);
  if (!fault?.parse || fault.parse.row === null) return null;
  const { row, column, type } = fault.parse;
  const line = (await lineOfRecord(path, delimiter, row)) ?? 1;
  const columns = await readCsvHeader(path, delimiter);
  const where = column === null ? '' : ` in the column '${column}'${type === null ? '' : ` (${type})`}`;
  return new GccflowError('SEED_INVALID', `The seed '${seed.name}' has a value that does not fit${where}. Nothing was loaded.`, {
    at: { file: seed.file, line, column: Math.max(columns.indexOf(column ?? ''), 0) + 1 },
    hint: `Correct the file, or declare another type for the column in 'column_types'.`,
    cause: fault,
  });
}
