import { type CsvField, fieldsOf } from '../../run/csv-file.ts';

/** Rows of a unit test in CSV. Lines of fields count from the text's first. */
export interface CsvRows {
  readonly format: 'csv';
  readonly text: string;
  /** The columns of its header. */
  readonly names: readonly string[];
  readonly header: readonly CsvField[];
  readonly records: readonly (readonly CsvField[])[];
}

export function parseCsv(text: string): CsvRows {
  const [header = [], ...records] = recordsOf(text);
  return { format: 'csv', text, names: header.map((field) => field.text.trim()), header, records };
}

/** Empty lines before the header and at the end are none; a field in quotes may have several lines. */
function recordsOf(text: string): readonly (readonly CsvField[])[] {
  const records: (readonly CsvField[])[] = [];
  const lines = text.trimEnd().split(/\r?\n/);
  for (let from = 0; from < lines.length; ) {
    let to = from + 1;
    const read = (): readonly CsvField[] => fieldsOf({ text: lines.slice(from, to).join('\n'), line: from + 1 }, ',');
    let fields = read();
    while (isOpen(fields) && to < lines.length) {
      to++;
      fields = read();
    }
    if (records.length > 0 || lines[from]?.trim() !== '') records.push(fields);
    from = to;
  }
  return records;
}

/** Whether the last field opens with a quote that is not closed. */
function isOpen(fields: readonly CsvField[]): boolean {
  const last = fields.at(-1);
  return last?.isBroken === true && (last.text.split('"').length - 1) % 2 === 1;
}
