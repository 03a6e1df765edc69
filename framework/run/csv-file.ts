import { createReadStream } from 'node:fs';
import { pipeline, type Readable, Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';

/**
 * The bytes of a CSV file, unpacked where its name ends in `.gz`, without empty lines at its end: ClickHouse would take those for rows.
 * An error of the file reaches the stream's reader.
 */
export function openCsv(path: string): Readable {
  const file = createReadStream(path);
  const whole = withoutEmptyEnd();
  const passOn = (): void => {}; // an error ends `whole` too, which tells its reader
  return path.endsWith('.gz') ? pipeline(file, createGunzip(), whole, passOn) : pipeline(file, whole, passOn);
}

function withoutEmptyEnd(): Transform {
  let end = Buffer.alloc(0);
  return new Transform({
    transform(chunk: Buffer, _, done) {
      const bytes = Buffer.concat([end, chunk]);
      let length = bytes.length;
      while (length > 0 && (bytes[length - 1] === lineFeed || bytes[length - 1] === carriageReturn)) length -= 1;
      end = bytes.subarray(length);
      done(null, bytes.subarray(0, length));
    },
    flush(done) {
      done(null, end.length > 0 ? Buffer.from([lineFeed]) : null);
    },
  });
}

const lineFeed = 10;
const carriageReturn = 13;

/** The first record; null where the file has none. */
export async function readCsvHeader(path: string, delimiter: string): Promise<CsvRecord | null> {
  for await (const record of csvRecords(path, delimiter)) return record;
  return null;
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

export interface CsvRecord {
  /** Without its line break. */
  readonly text: string;
  /** On which it begins; counts from 1. A record may span several lines. */
  readonly line: number;
}

/**
 * Records of a CSV file, the header first. A line break inside quotes belongs to the field, and a quote opens one only at a field's
 * beginning. Empty lines at the file's end are none.
 */
export async function* csvRecords(path: string, delimiter: string): AsyncGenerator<CsvRecord> {
  const empty: CsvRecord[] = [];
  for await (const record of splitLines(path, delimiter)) {
    if (record.text === '') empty.push(record);
    else {
      yield* empty.splice(0);
      yield record;
    }
  }
}

async function* splitLines(path: string, delimiter: string): AsyncGenerator<CsvRecord> {
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
        yield { text: withoutMarks(text + chunk.slice(from, at)), line };
        text = '';
        from = at + 1;
        lines += 1;
        line = lines;
        fieldStart = true;
      } else {
        if (letter === '\n') lines += 1;
        fieldStart = (letter === delimiter && !quoted) || (letter === '\uFEFF' && at === 0 && lines === 1);
      }
    }
    text += chunk.slice(from);
  }
  if (text !== '') yield { text: withoutMarks(text), line };
}

function withoutMarks(text: string): string {
  return text.replace(/\r$/, '').replace(/^\uFEFF/, '');
}

export interface CsvField {
  /** Without its quotes. */
  readonly text: string;
  /** Where it begins. */
  readonly line: number;
  readonly column: number;
  /** Whether it opens with a quote that is not closed, or that text follows. */
  readonly isBroken: boolean;
}

/** The fields of a record, each with its place. */
export function fieldsOf(record: CsvRecord, delimiter: string): CsvField[] {
  const fields: CsvField[] = [];
  let { line } = record;
  let lineStart = 0;
  for (let from = 0; from <= record.text.length; ) {
    const end = fieldEnd(record.text, from, delimiter);
    const written = record.text.slice(from, end);
    const [, inner] = /^"((?:[^"]|"")*)"$/.exec(written) ?? [];
    const isBroken = inner === undefined && written.startsWith('"');
    fields.push({ text: inner?.replaceAll('""', '"') ?? written, line, column: from - lineStart + 1, isBroken });
    const breaks = written.split('\n').length - 1;
    line += breaks;
    if (breaks > 0) lineStart = from + written.lastIndexOf('\n') + 1;
    from = end + 1;
  }
  return fields;
}

function fieldEnd(text: string, from: number, delimiter: string): number {
  let at = from;
  while (text[at] === '"' && (at === from || text[at - 1] === '"')) {
    const close = text.indexOf('"', at + 1); // of a doubled quote the first closes and the second opens again
    if (close < 0) return text.length;
    at = close + 1;
  }
  const end = text.indexOf(delimiter, at);
  return end < 0 ? text.length : end;
}
