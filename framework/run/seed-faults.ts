import { GccflowError, messageOf } from '../foundation/error.ts';
import { formatLocation, locate, type Position, startOf } from '../foundation/location.ts';
import type { SeedNode } from '../manifest/manifest.ts';
import { csvRecords, fieldsOf } from './csv-file.ts';
import type { UnfitText, UnfitTexts } from './find-unfit.ts';

/** The end of what is said when a load fails. */
export const nothingLoaded = 'Nothing was loaded; its table is as it was.';

/** Places that an error lists; of the others it gives the number. */
const maxListed = 20;

interface Fault {
  readonly place: Position;
  readonly what: string;
}

/** The error for texts that are no values of their columns' types, each with its place and never with the text itself. */
export async function unfitValues(seed: SeedNode, path: string, { first, total, isLeast }: UnfitTexts): Promise<GccflowError> {
  const places = await placesOf(seed, path, first);
  const faults = first.map(({ column }, number) => ({
    place: places[number] ?? startOf(seed.file),
    what: `the column '${column.name}' (${column.type})`,
  }));
  const number = `${isLeast ? 'at least ' : ''}${count(total)}`;
  const what = total === 1 ? `a value that does not fit ${faults[0]?.what}` : `${number} values that do not fit their columns`;
  const texts = first.some(({ column }) => column.type.includes('String'))
    ? ' A String takes UTF-8, and \\N only where it is Nullable.'
    : '';
  return invalid(seed, what, { faults, total, hint: `Correct the file, or declare other types in 'column_types'.${texts}` });
}

/** The error for rows with too few or too many fields, or with a broken quote; null where all are well formed. */
export async function findMalformed(seed: SeedNode, path: string, columns: number): Promise<GccflowError | null> {
  const faults: Fault[] = [];
  let total = 0;
  for await (const record of csvRecords(path, seed.config.delimiter)) {
    const fields = fieldsOf(record, seed.config.delimiter);
    const broken = fields.find(({ isBroken }) => isBroken);
    if (!broken && fields.length === columns) continue;
    total += 1;
    const place = broken ?? fields[columns] ?? { line: record.line, column: 1 };
    const what = broken
      ? 'a quote that is not closed, or that text follows'
      : `${fields.length} ${fields.length === 1 ? 'field' : 'fields'} in place of ${columns}`;
    if (faults.length < maxListed) faults.push({ place, what });
  }
  const [first] = faults;
  if (first === undefined) return null;
  const what = total === 1 ? `a row with ${first.what}` : `${count(total)} rows that are not as its header says`;
  return invalid(seed, what, {
    faults,
    total,
    hint: 'Correct the file; a field that holds the delimiter, a quote or a line break is quoted.',
  });
}

/** The error for a file that breaks off or is not packed as its name says. */
export function unreadableFile(seed: SeedNode, cause: unknown): GccflowError {
  const message = `The file of the seed '${seed.name}' cannot be read: ${messageOf(cause)}. ${nothingLoaded}`;
  return new GccflowError('SEED_INVALID', message, { at: startOf(seed.file), hint: 'Bring the file again, whole.', cause });
}

interface Faults {
  readonly faults: readonly Fault[];
  readonly total: number;
  readonly hint: string;
}

function invalid(seed: SeedNode, what: string, { faults, total, hint }: Faults): GccflowError {
  const list = faults.map((fault) => `${formatLocation(locate(seed.file, fault.place))} ${fault.what}`);
  if (total > faults.length) list.push(`… and ${count(total - faults.length)} more`);
  return new GccflowError('SEED_INVALID', `The seed '${seed.name}' has ${what}. ${nothingLoaded}`, {
    at: locate(seed.file, faults[0]?.place ?? startOf(seed.file)),
    hint: total === 1 ? hint : [hint, ...list].join('\n'),
  });
}

/** Where fields stand in their file, by one reading of it. */
async function placesOf({ config }: SeedNode, path: string, texts: readonly UnfitText[]): Promise<Position[]> {
  const places: Position[] = [];
  let row = 0;
  for await (const record of csvRecords(path, config.delimiter)) {
    const fields = texts[places.length]?.row === row ? fieldsOf(record, config.delimiter) : [];
    for (let text = texts[places.length]; text?.row === row; text = texts[places.length]) {
      places.push(fields[text.index] ?? { line: record.line, column: 1 });
    }
    if (places.length === texts.length) break;
    row += 1;
  }
  return places;
}

function count(number: number): string {
  return number.toLocaleString('en');
}
