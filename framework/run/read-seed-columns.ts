import { join } from 'node:path';
import type { Warehouse } from '../connections/warehouse.ts';
import { didYouMean } from '../foundation/closest.ts';
import { GccflowError } from '../foundation/error.ts';
import { startOf } from '../foundation/location.ts';
import { quoteText } from '../foundation/quote.ts';
import type { SeedNode } from '../manifest/manifest.ts';
import type { SeedColumn } from '../materializations/materialization.ts';
import { columnsWithGaps, readCsvHeader, readCsvSample } from './csv-file.ts';
import { csvSettings } from './load-seed.ts';

/** Characters of a seed that its undeclared types are inferred from. */
const sampleLength = 64 * 1024;

/** Columns and types of a seed in its file's order: declared ones, and ClickHouse's own inference for the others. */
export async function readSeedColumns(seed: SeedNode, warehouse: Warehouse, projectDir: string): Promise<SeedColumn[]> {
  const path = join(projectDir, seed.file);
  const names = await readCsvHeader(path, seed.config.delimiter);
  const declared = declaredTypes(seed);
  const unknown = [...declared.keys()].find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new GccflowError('SEED_INVALID', `The seed '${seed.name}' declares a type for '${unknown}', and its file has no such column.`, {
      at: startOf(seed.file),
      hint: didYouMean(unknown, names),
    });
  }
  const inferred = names.every((name) => declared.has(name)) ? new Map<string, string>() : await inferTypes(seed, warehouse, path);
  return names.map((name) => ({ name, type: declared.get(name) ?? inferred.get(name) ?? 'String' }));
}

function declaredTypes({ config, columns }: SeedNode): Map<string, string> {
  const properties = columns.flatMap(({ name, type }): [string, string][] => (type === null ? [] : [[name, type]]));
  return new Map([...properties, ...Object.entries(config.column_types)]);
}

/** A number or time that is missing anywhere in the file makes its column Nullable; a missing text is an empty one. */
async function inferTypes({ config }: SeedNode, warehouse: Warehouse, path: string): Promise<Map<string, string>> {
  const sample = await readCsvSample(path, config.delimiter, sampleLength);
  const rows = await warehouse.query<{ name: string; type: string }>(
    `describe table format('CSVWithNames', ${quoteText(sample, 'clickhouse')})`,
    { settings: { ...csvSettings(config.delimiter), schema_inference_make_columns_nullable: 0 } },
  );
  const gaps = await columnsWithGaps(path, config.delimiter);
  return new Map(rows.map(({ name, type }) => [name, gaps.has(name) && type !== 'String' ? `Nullable(${type})` : type]));
}
