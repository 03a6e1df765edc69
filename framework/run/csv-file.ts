import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** The bytes of a CSV file, unpacked where its name ends in `.gz`. An error of the file reaches the stream's reader. */
export function openCsv(path: string): Readable {
  const file = createReadStream(path);
  if (!path.endsWith('.gz')) return file;
  const unpacked = createGunzip();
  file.on('error', (error) => unpacked.destroy(error));
  unpacked.on('close', () => file.destroy());
  return file.pipe(unpacked);
}

/** The first record's fields. */
export async function readCsvHeader(path: string, delimiter: string): Promise<string[]> {
  for await (const record of csvRecords(path, delimiter)) return splitRecord(record.text, delimiter);
  return [];
}

/** The beginning of a file, whole records only; the header and about `maxLength` characters. */
export async function readCsvSample(path: string, delimiter: string, maxLength: number): Promise<string> {
  let sample = '';
  for await (const { text } of csvRecords(path, delimiter)) {
    if (sample.length + text.length > maxLength && sample !== '') break;
    sample += `${text}\n`;
  }
  return sample;
}

/** Names of the columns that have a field with nothing in it, anywhere in the file. */
export async function columnsWithGaps(path: string, delimiter: string): Promise<Set<string>> {
  let header: readonly string[] | null = null;
  const gaps = new Set<string>();
  for await (const { text } of csvRecords(path, delimiter)) {
    const fields = splitRecord(text, delimiter);
    header ??= fields;
    for (const [index, name] of header.entries()) if ((fields[index] ?? '') === '') gaps.add(name);
  }
  return gaps;
}

/** The line on which a record begins; record 0 is the header. Undefined past the end. */
export async function lineOfRecord(path: string, delimiter: string, index: number): Promise<number | undefined> {
  let seen = 0;
  for await (const { line } of csvRecords(path, delimiter)) {
    if (seen === index) return line;
    seen += 1;
  }
  return undefined;
}

interface CsvRecord {
  /** Without its line break. */
  readonly text: string;
  /** Counts from 1; a record may span several lines. */
  readonly line: number;
}

/** Records of a CSV file. A line break inside quotes belongs to the field, and a quote opens one only at a field's beginning. */
async function* csvRecords(path: string, delimiter: string): AsyncGenerator<CsvRecord> {
  const stream = openCsv(path).setEncoding('utf8');
  let text = '';
  let line = 1;
  let lines = 1;
  let quoted = false;
  let fieldStart = true;
  for await (const chunk of stream as AsyncIterable<string>) {
    let from = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const letter = chunk[at];
      if (letter === '"' && (quoted || fieldStart)) {
        quoted = !quoted;
        fieldStart = !quoted; // a doubled quote closes and opens again
      } else if (letter === '\n' && !quoted) {
        yield { text: (text + chunk.slice(from, at)).replace(/\r$/, '').replace(/^\uFEFF/, ''), line };
        text = '';
        from = at + 1;
        lines += 1;
        line = lines;
        fieldStart = true;
      } else {
        if (letter === '\n') lines += 1;
        fieldStart = letter === delimiter && !quoted;
      }
    }
    text += chunk.slice(from);
  }
  if (text !== '') yield { text: text.replace(/^\uFEFF/, ''), line };
}

function splitRecord(record: string, delimiter: string): string[] {
  const fields: string[] = [];
  let field = '';
  let quoted = false;
  for (let at = 0; at < record.length; at += 1) {
    const letter = record[at];
    if (quoted && letter === '"' && record[at + 1] === '"') {
      field += '"';
      at += 1;
    } else if (letter === '"' && (quoted || field === '')) quoted = !quoted;
    else if (letter === delimiter && !quoted) {
      fields.push(field);
      field = '';
    } else field += letter;
  }
  return [...fields, field];
}
