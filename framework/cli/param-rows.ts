import { createReadStream } from 'node:fs';
import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Warehouse } from '../connections/warehouse.ts';
import { GccflowError, messageOf } from '../foundation/error.ts';
import type { FlowFile } from '../project/flow-file.ts';
import { readText } from './parse-params.ts';
import { readCsv } from './read-csv.ts';

/** What params of one task were read from somewhere, and where they stand there; not yet looked at. */
export interface ParamRow {
  readonly place: string;
  readonly params: unknown;
}

/** Params from a file: one JSON object a line, or a CSV file whose head names the params. Throws FILE_UNREADABLE and TASK_PARAMS. */
export async function* readParamFile(file: string, shown: string, flow: Pick<FlowFile, 'params'>): AsyncGenerator<ParamRow> {
  const kind = extname(file).toLowerCase();
  if (kind !== '.csv' && kind !== '.jsonl' && kind !== '.ndjson') {
    throw new GccflowError('USAGE', `'--from-file' takes a .jsonl or .csv file, not '${shown}'.`);
  }
  const input = createReadStream(file);
  try {
    yield* kind === '.csv' ? fromCsv(input, shown, flow) : fromJsonLines(input, shown);
  } catch (thrown) {
    if (input.errored === null) throw thrown;
    throw new GccflowError('FILE_UNREADABLE', `The file '${shown}' cannot be read: ${messageOf(input.errored)}.`);
  }
}

/** Params from the rows of a query, whose columns are the params. */
export async function* readParamQuery(warehouse: Warehouse, sql: string, signal: AbortSignal): AsyncGenerator<ParamRow> {
  const settings = { output_format_json_quote_64bit_integers: 0, output_format_json_quote_decimals: 0 };
  const body = await warehouse.stream(sql, { format: 'JSONEachRow', settings, signal });
  let row = 0;
  for await (const line of createInterface({ input: body, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line !== '') yield { place: `--from-model, row ${++row}`, params: JSON.parse(line) };
  }
}

async function* fromJsonLines(input: Readable, file: string): AsyncGenerator<ParamRow> {
  let line = 0;
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    const place = `${file}:${++line}`;
    if (text.trim() === '') continue;
    try {
      yield { place, params: JSON.parse(text) };
    } catch (thrown) {
      if (!(thrown instanceof SyntaxError)) throw thrown;
      throw new GccflowError('TASK_PARAMS', `${place}: the line is no JSON: ${thrown.message}. Nothing was queued.`);
    }
  }
}

async function* fromCsv(input: Readable, file: string, { params }: Pick<FlowFile, 'params'>): AsyncGenerator<ParamRow> {
  let names: readonly string[] | null = null;
  for await (const { line, cells } of readCsv(input, file)) {
    if (names === null) {
      names = cells.map((name) => name.trim());
      continue;
    }
    if (cells.length !== names.length) {
      const found = `${cells.length} cells where the head has ${names.length}`;
      throw new GccflowError('TASK_PARAMS', `${file}:${line}: the row has ${found}. Nothing was queued.`);
    }
    const given = names.map((name, index) => [name, cells[index] ?? ''] as const).filter(([, cell]) => cell !== '');
    const read = given.map(([name, cell]) => [name, readText(cell, Object.hasOwn(params, name) ? params[name]?.type : undefined)]);
    yield { place: `${file}:${line}`, params: Object.fromEntries(read) };
  }
}
