import { join } from 'node:path';
import type { Warehouse } from '../connections/warehouse.ts';
import { didYouMean } from '../foundation/closest.ts';
import { GccflowError } from '../foundation/error.ts';
import { type Location, locate, startOf } from '../foundation/location.ts';
import { quoteText } from '../foundation/quote.ts';
import type { SeedNode } from '../manifest/manifest.ts';
import { nullText } from '../materializations/exact-cast.ts';
import type { SeedColumn } from '../materializations/seed-column.ts';
import { type CsvField, csvRecords, fieldsOf, readCsvHeader, readCsvSample } from './csv-file.ts';
import { csvSettings } from './load-seed.ts';
import { faultOf } from './node-statements.ts';
import { unreadableFile } from './seed-faults.ts';

/** Characters of a seed that its undeclared types are inferred from. */
const sampleLength = 64 * 1024;

/**
 * Columns and types of a seed in its file's order: declared ones, and ClickHouse's own inference for the others.
 * Throws SEED_INVALID where the header is missing or wrong, or a declared type is none.
 */
export async function readSeedColumns(seed: SeedNode, warehouse: Pick<Warehouse, 'query'>, projectDir: string): Promise<SeedColumn[]> {
  const path = join(projectDir, seed.file);
  const names = await readHeader(seed, path);
  const declared = declaredTypes(seed);
  for (const name of new Set([...declared.keys(), ...seed.columns.map((column) => column.name)])) {
    if (!names.includes(name)) throw missingColumn(seed, name, names);
  }
  const inferred = names.every((name) => declared.has(name)) ? new Map<string, string>() : await inferTypes(seed, warehouse, path);
  const columns = names.map((name) => ({ name, type: declared.get(name) ?? inferred.get(name) ?? 'String' }));
  return resolveTypes(seed, columns, warehouse);
}

async function readHeader(seed: SeedNode, path: string): Promise<string[]> {
  const record = await readCsvHeader(path, seed.config.delimiter).catch((error) => {
    throw unreadableFile(seed, error);
  });
  if (record === null) throw badHeader(seed, 'has no header: its file is empty', 'Write the names of the columns into the first line.');
  const fields = fieldsOf(record, seed.config.delimiter);
  if (/\r(?!\n)/.test(record.text)) {
    throw badHeader(seed, 'has lines that end with a carriage return alone', 'Save the file with line feeds.');
  }
  if (/[\0\uFFFD]/.test(record.text)) throw badHeader(seed, 'is not written in UTF-8', 'Save the file in UTF-8.');
  const seen = new Set<string>();
  for (const field of fields) {
    const mistake = headerMistake(field, seen);
    if (mistake !== null) throw badHeader(seed, mistake, 'Give every column of the header a name of its own.', field);
    seen.add(field.text);
  }
  return [...seen];
}

function headerMistake({ text, isBroken }: CsvField, seen: ReadonlySet<string>): string | null {
  if (isBroken) return 'has a header with a quote that is not closed, or that text follows';
  if (text.trim() === '') return 'has a column without a name';
  return seen.has(text) ? `has two columns named '${text}'` : null;
}

function badHeader(seed: SeedNode, what: string, hint: string, place = { line: 1, column: 1 }): GccflowError {
  return new GccflowError('SEED_INVALID', `The seed '${seed.name}' ${what}.`, { at: locate(seed.file, place), hint });
}

function missingColumn(seed: SeedNode, name: string, names: readonly string[]): GccflowError {
  return new GccflowError('SEED_INVALID', `The seed '${seed.name}' declares the column '${name}', and its file has no such column.`, {
    at: placeOfColumn(seed, name),
    hint: didYouMean(name, names) ?? `The file has ${names.map((known) => `'${known}'`).join(', ')}.`,
  });
}

/** Where a properties file declares the column, else the seed's own file. */
function placeOfColumn({ columns, propertiesFile, file }: SeedNode, name: string): Location {
  const column = columns.find((declared) => declared.name === name);
  return column && propertiesFile !== null ? locate(propertiesFile, column.at) : startOf(file);
}

function declaredTypes({ config, columns }: SeedNode): Map<string, string> {
  const properties = columns.flatMap(({ name, type }): [string, string][] => (type === null ? [] : [[name, type]]));
  return new Map([...properties, ...Object.entries(config.column_types)]);
}

/** The types as ClickHouse writes them, without aliases. */
async function resolveTypes(seed: SeedNode, columns: readonly SeedColumn[], warehouse: Pick<Warehouse, 'query'>): Promise<SeedColumn[]> {
  const settings = { allow_suspicious_low_cardinality_types: 1 };
  const resolve = (types: readonly string[]) => {
    const names = types.map((type, index) => `toTypeName(defaultValueOfTypeName(${quoteText(type, 'clickhouse')})) as t${index}`);
    return warehouse.query<Record<string, string>>(`select ${names.join(', ')}`, { settings });
  };
  try {
    const [row] = await resolve(columns.map(({ type }) => type));
    return columns.map(({ name, type }, index) => ({ name, type: row?.[`t${index}`] ?? type }));
  } catch (thrown) {
    if (faultOf(thrown)?.code == null) throw thrown;
    for (const { name, type } of columns) {
      await resolve([type]).catch((cause) => {
        const message = `The seed '${seed.name}' declares the type '${type}' for '${name}', which ClickHouse does not have.`;
        throw new GccflowError('SEED_INVALID', message, { at: placeOfColumn(seed, name), cause });
      });
    }
    throw thrown;
  }
}

/** A number or time that is missing anywhere in the file makes its column Nullable; a missing text is an empty one. */
async function inferTypes({ config }: SeedNode, warehouse: Pick<Warehouse, 'query'>, path: string): Promise<Map<string, string>> {
  const sample = await readCsvSample(path, config.delimiter, sampleLength);
  const rows = await warehouse.query<{ name: string; type: string }>(
    `describe table format('CSVWithNames', ${quoteText(sample, 'clickhouse')})`,
    {
      settings: {
        ...csvSettings(config.delimiter),
        format_csv_null_representation: nullText,
        input_format_with_names_use_header: 1,
        date_time_input_format: 'best_effort',
        schema_inference_make_columns_nullable: 0,
      },
    },
  );
  const survey = await surveyColumns(path, config.delimiter);
  return new Map(
    rows.map(({ name, type }, index) => {
      const { hasGaps = false, hasNulls = false, hasCodes = false, hasLongNumbers = false } = survey[index] ?? {};
      const isText = type === 'String' || hasCodes || (hasLongNumbers && type.startsWith('Float'));
      const bare = isText ? 'String' : type;
      return [name, hasNulls || (hasGaps && !isText) ? `Nullable(${bare})` : bare];
    }),
  );
}

interface Survey {
  /** Empty fields. */
  hasGaps: boolean;
  hasNulls: boolean;
  /** Leading zeros, which a number would not keep. */
  hasCodes: boolean;
  /** Digits that a float would round. */
  hasLongNumbers: boolean;
}

/** What the fields of each column have, the header's too. */
async function surveyColumns(path: string, delimiter: string): Promise<readonly Survey[]> {
  const surveys: Survey[] = [];
  for await (const record of csvRecords(path, delimiter)) {
    for (const [index, { text }] of fieldsOf(record, delimiter).entries()) {
      surveys[index] ??= { hasGaps: false, hasNulls: false, hasCodes: false, hasLongNumbers: false };
      const survey = surveys[index];
      if (text === '') survey.hasGaps = true;
      else if (text === nullText) survey.hasNulls = true;
      else if (/^[+-]?0\d/.test(text)) survey.hasCodes = true;
      else if (/^[+-]?\d{17,}$/.test(text)) survey.hasLongNumbers = true;
    }
  }
  return surveys;
}
