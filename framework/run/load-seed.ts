import { join } from 'node:path';
import type { StatementCost } from '../connections/warehouse.ts';
import type { SeedNode } from '../manifest/manifest.ts';
import { relationSql } from '../manifest/relation.ts';
import { stageSettings } from '../materializations/table-clauses.ts';
import type { WriteStep } from '../materializations/write-step.ts';
import { openCsv } from './csv-file.ts';
import { findUnfit } from './find-unfit.ts';
import type { NodeStatements } from './node-statements.ts';
import { findMalformed, unfitValues, unreadableFile } from './seed-faults.ts';

interface SeedDeps {
  readonly projectDir: string;
  readonly statements: NodeStatements;
}

type Step<Kind extends WriteStep['kind']> = Extract<WriteStep, { kind: Kind }>;

/** Streams a seed's file into a table of texts. Throws SEED_INVALID with every row that is not as the header says. */
export async function loadSeed(seed: SeedNode, step: Step<'load'>, { projectDir, statements }: SeedDeps): Promise<void> {
  const path = join(projectDir, seed.file);
  const file = openCsv(path);
  let broken: unknown = null;
  file.once('error', (error) => {
    broken = error;
  });
  try {
    await statements.insert(relationSql(step.into), file, { format: 'CSVWithNames', settings: csvSettings(step.delimiter) });
  } catch (thrown) {
    if (broken !== null) throw unreadableFile(seed, broken);
    throw (await findMalformed(seed, path, step.columns.length)) ?? thrown;
  }
}

/** Turns the texts of a file into values. Throws SEED_INVALID with every text that is no value of its column's type. */
export async function fitSeed(seed: SeedNode, step: Step<'fit_types'>, { projectDir, statements }: SeedDeps): Promise<StatementCost> {
  try {
    return await statements.execute(step.sql, step.settings);
  } catch (thrown) {
    const unfit = await findUnfit(step, statements);
    if (unfit.total === 0) throw thrown;
    throw await unfitValues(seed, join(projectDir, seed.file), unfit);
  }
}

/** How ClickHouse reads seeds: field by field in the file's order, nothing trimmed, missing or left over. */
export function csvSettings(delimiter: string) {
  return {
    ...stageSettings,
    format_csv_delimiter: delimiter,
    format_csv_allow_single_quotes: 0,
    format_csv_null_representation: noText,
    input_format_csv_empty_as_default: 1,
    input_format_csv_allow_whitespace_or_tab_as_delimiter: 1,
    input_format_csv_trim_whitespaces: 0,
    input_format_parallel_parsing: 0,
    input_format_with_names_use_header: 0,
    max_insert_threads: 1,
  } as const;
}

/** What no file holds: which texts stand for NULL is decided with the types. */
const noText = '\u0001gccflow\u0001';
