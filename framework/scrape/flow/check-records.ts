import { readField, typeName } from '../../project/field-value.ts';
import type { FlowFile } from '../../project/flow-file.ts';
import type { FlowRecord } from './flow-deps.ts';
import type { RawRecords } from './parse-answer.ts';
import { shapeFault } from './shape-fault.ts';

/** Mistakes that are told one by one. */
const told = 3;

/**
 * Records with exactly the fields of `output`, defaults filled in and times in UTC; as they are where no output is declared. Fields that are
 * optional and missing are left out. Throws TaskFault with the path of what does not fit.
 */
export function checkRecords(output: FlowFile['output'], raw: RawRecords, place: string): readonly FlowRecord[] {
  const mistakes: string[] = [];
  const records = raw.records.map((record, index) => {
    if (typeName(record) === 'object') return output === null ? (record as FlowRecord) : readRecord(output, raw, index, mistakes);
    mistakes.push(`records[${index}]: object expected, but it is ${typeName(record)}`);
    return {};
  });
  if (mistakes.length === 0) return records;
  const more = mistakes.length > told ? `, and ${mistakes.length - told} more` : '';
  throw shapeFault(`${mistakes.slice(0, told).join('; ')}${more}`, place);
}

function readRecord(output: NonNullable<FlowFile['output']>, raw: RawRecords, index: number, mistakes: string[]): FlowRecord {
  const given = raw.records[index] as FlowRecord;
  const record: Record<string, unknown> = {};
  for (const [name, { type, optional, default: fallback }] of Object.entries(output)) {
    const value = (Object.hasOwn(given, name) ? given[name] : null) ?? fallback ?? null;
    if (value === null) {
      if (!optional) mistakes.push(`records[${index}].${name}: ${type} expected, but ${raw.whyMissing(index, name) ?? 'it is missing'}`);
      continue;
    }
    const fitting = readField(type, value);
    if (fitting === undefined) mistakes.push(`records[${index}].${name}: ${type} expected, but it is ${typeName(value)}`);
    else record[name] = fitting;
  }
  return record;
}
